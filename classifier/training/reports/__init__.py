"""What a training leaves for people: diagnostics, plots, descriptions, results."""
