"""Training on tables larger than memory: the fast tier alone."""
