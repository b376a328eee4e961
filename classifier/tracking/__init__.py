"""Everything that imports MLflow: runs, registry, the served model, leaderboard, UI."""

from importlib.util import find_spec

from classifier.extras import need

if find_spec("mlflow") is None:  # a logged model is loaded in an environment that has MLflow and no more of the extra
    need("train", "MLflow's store")
