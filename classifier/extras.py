"""The optional parts of an installation, and what to say when one is missing.

Prediction needs NumPy, Kiwi and the command line alone: 0.2 GB on the disk instead of 1.3. Training, tables
and portal pages need more, which ``pip install 'headline-classifier[train]'`` brings.
"""

from __future__ import annotations

from importlib.util import find_spec

from classifier.errors import InstallationError

#: How an installed extra of ``pyproject.toml`` is recognised: by modules that nothing else installs.
EXTRAS = {
    "pages": ("selectolax",),
    "parquet": ("pyarrow",),
    "dask": ("distributed",),
    "excel": ("openpyxl",),
    "zstd": ("zstandard",),
    "serve": ("fastapi", "uvicorn", "prometheus_client"),
    "train": ("sklearn", "pandas", "mlflow", "joblib", "pooch", "pydantic", "matplotlib", "cleanlab"),
}


def need(extra: str, what: str) -> None:
    """Raise an InstallationError unless ``extra`` is installed; ``what`` needs it, and begins the message."""
    missing = [module for module in EXTRAS[extra] if find_spec(module) is None]
    if missing:
        raise InstallationError(
            f"{what} needs what is not installed here ({', '.join(missing)}). "
            f"Install it with: pip install 'headline-classifier[{extra}]'"
        )
