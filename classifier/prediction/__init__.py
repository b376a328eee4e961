"""Answering with an artefact: the Python door and the MLflow adapter."""
