"""Feature blocks, the scorers and their cascade, calibration, explanation and the artefact's files."""
