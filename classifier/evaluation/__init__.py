"""Arrays in, figures out: metrics, comparison of two models, calibration, prediction sets, drift."""
