"""Everything that imports MLflow: runs, registry, the served model, leaderboard, UI."""
