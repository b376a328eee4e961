"""Train the sample and build the wheel with the model in it: ``make wheel``.

The wheel carries the whole model if it stays below 40 MB with it, else the fast tier alone. The checkout is left alone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
LIMIT = 40_000_000  #: bytes of the wheel


def build_wheel(source: Path, model: Path, target: Path) -> Path:
    """Build a wheel of ``source`` with the model in the folder ``model``; return the wheel in ``target``."""
    from classifier.model.model import Model

    inside = source / "classifier" / "_model"
    whole = Model.load(model)
    try:
        for part in (whole, whole.replace(accurate=None) if whole.fast is not None else None):
            if part is None:
                break
            shutil.rmtree(inside, ignore_errors=True)
            part.save(inside)
            call = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(target), str(source)]
            subprocess.run(call, check=True, stdout=subprocess.DEVNULL)
            (built,) = target.glob("*.whl")
            if built.stat().st_size < LIMIT:
                return built
            print(f"{built.name} has {built.stat().st_size / 1e6:.0f} MB; the fast tier alone goes in")
    finally:
        shutil.rmtree(inside, ignore_errors=True)
    raise SystemExit(f"the wheel would have more than {LIMIT / 1e6:.0f} MB")


def main() -> None:
    """Train in a folder of its own and build."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "HEADLINE_MODELS": f"{folder}/models",
            "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db",
        }
        subprocess.run([sys.executable, "-m", "classifier", "train"], check=True, env=environment, cwd=folder)
        built = build_wheel(ROOT, Path(folder) / "models" / "sample", ROOT / "dist")
    print(f"{built}: {built.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
