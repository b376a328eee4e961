"""The folders and addresses outside the code. They are looked up at each call, never on import."""

from __future__ import annotations

import os
from pathlib import Path

#: The registered model whose champion is in :func:`champion_folder`.
REGISTERED_MODEL = "headline-classifier"


def models_folder() -> Path:
    """Return ``$HEADLINE_MODELS``, else ``models`` in the working directory.

    Every training leaves its winner there, in a folder that bears the experiment's name.
    """
    return Path(os.environ.get("HEADLINE_MODELS") or "models").expanduser()


def champion_folder() -> Path:
    """Return the folder of the model that serves."""
    return models_folder() / "champion"


def packaged_model() -> Path:
    """Return the folder of the model that a wheel may carry; a checkout has none there."""
    return Path(__file__).resolve().parent / "_model"


def package_data() -> Path:
    """Return the project's ``data`` folder: inside the wheel, or beside the package in a checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "_data"
    return installed if installed.is_dir() else package.parent / "data"


def default_experiment() -> Path:
    """Return the config that ``classifier train`` uses when none is named.

    In a wheel ``experiments`` is inside ``data``; in a checkout it is beside it.
    """
    installed = package_data() / "experiments" / "sample.toml"
    return installed if installed.is_file() else package_data().parent / "experiments" / "sample.toml"


def cache_folder() -> Path:
    """Return the folder for what can be computed or fetched again."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("headline-classifier"))


def data_home() -> Path:
    """Return ``$HEADLINE_DATA_HOME``, else ``data`` in :func:`cache_folder`."""
    chosen = os.environ.get("HEADLINE_DATA_HOME")
    return Path(chosen).expanduser() if chosen else cache_folder() / "data"


def store_address() -> str:
    """Return the MLflow store: ``$MLFLOW_TRACKING_URI``, else ``mlflow.db`` in the working directory.

    The path is absolute, because MLflow keeps an opened store under its address.
    """
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{Path('mlflow.db').absolute()}"
