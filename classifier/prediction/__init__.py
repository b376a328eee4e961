"""Predictions with a trained model: from Python, for files of any length, and for portal pages."""
