"""What is wrong with the labels of a table: duplicates, contradictions, likely errors, leakage, style."""
