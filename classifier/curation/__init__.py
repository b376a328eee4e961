"""What is wrong with the labels of a table: duplicates, contradictions, likely errors, leakage, style."""

from classifier.extras import need

need("train", "auditing and labelling")
