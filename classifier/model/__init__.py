"""Features, linear estimators, calibration, explanation and the served artefact."""
