"""Headlines and their sections: tables, datasets, duplicates."""
