"""Take the README's pictures of the MLflow UI from the store of this folder: ``make pictures``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from mlflow import MlflowClient
from playwright.sync_api import Page

from classifier.paths import REGISTERED_MODEL, store_address
from classifier.tracking.leaderboard import leaderboard_address
from tests.support.browser import close_assistant, open_page
from tests.support.servers import serving, unused_port

FOLDER = Path(__file__).parents[1] / "experiments" / "pictures"


def take(page: Page, address: str, name: str) -> None:
    """Save a screenshot of `address` as experiments/pictures/NAME.png."""
    page.goto("about:blank")
    page.goto(address)
    page.wait_for_timeout(6000)  # some pages poll and never fall silent
    for path in page.get_by_text("Path: ").all():  # where the store lies is nobody's business
        path.evaluate("element => { element.style.visibility = 'hidden' }")
    page.screenshot(path=FOLDER / f"{name}.png")


def main() -> None:
    """Take every picture of the README from the store of this folder."""
    client = MlflowClient(store_address())
    champion = client.get_model_version_by_alias(REGISTERED_MODEL, "champion")
    experiment = client.get_run(champion.run_id).info.experiment_id
    FOLDER.mkdir(exist_ok=True)
    port = unused_port()
    command = (
        sys.executable, "-m", "mlflow", "server", "--backend-store-uri", store_address(),
        "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
    )  # fmt: skip
    log = Path(tempfile.gettempdir()) / "pictures.log"
    with serving(*command, port=port, ready="/health", cwd=Path.cwd(), log=log) as server, open_page(1280, 760) as page:
        page.goto(f"{server}/#/experiments")
        close_assistant(page)
        run = f"{server}/#/experiments/{experiment}/runs/{champion.run_id}"
        take(page, leaderboard_address(server, experiment), "leaderboard")
        take(page, f"{run}/artifacts/plots/confusion_matrix.png", "confusion-matrix")
        take(page, f"{server}/#/models/{REGISTERED_MODEL}", "registered-model")


if __name__ == "__main__":
    main()
