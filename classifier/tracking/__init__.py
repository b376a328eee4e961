"""Everything that imports MLflow: runs, registry, the served model, leaderboard, UI."""

from classifier.extras import need

need("train", "MLflow's store")
