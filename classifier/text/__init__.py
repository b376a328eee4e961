"""What a headline is made of: the normaliser, character n-grams, morphemes, embeddings."""
