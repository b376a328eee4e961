"""Take the pictures of the MLflow UI, of the server's page and of the labelling page: ``make pictures``.

They show the store and the champion of this folder: run ``make train`` before.
"""

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

LOG = Path(tempfile.gettempdir()) / "pictures.log"
FOLDER = Path(__file__).parents[1] / "experiments" / "pictures"
HEADLINES = (
    "한은, 기준금리 동결…“물가 더 지켜봐야”",
    "손흥민, 개막전 멀티골…토트넘 3-1 승",
    "與野, 예산안 처리 막판 줄다리기",
    "통신 3사, 5G 요금제 개편…반값 데이터 나온다",
    "asdf qwer zxcv",
)


def take(page: Page, address: str, name: str) -> None:
    """Save a screenshot of `address` as experiments/pictures/NAME.png."""
    page.goto("about:blank")
    page.goto(address)
    page.wait_for_timeout(6000)  # some pages poll and never fall silent
    for path in page.get_by_text("Path: ").all():  # where the store lies is nobody's business
        path.evaluate("element => { element.style.visibility = 'hidden' }")
    page.screenshot(path=FOLDER / f"{name}.png")


def take_mlflow() -> None:
    """Take the leaderboard, the confusion matrix and the registered model."""
    client = MlflowClient(store_address())
    champion = client.get_model_version_by_alias(REGISTERED_MODEL, "champion")
    experiment = client.get_run(champion.run_id).info.experiment_id
    port = unused_port()
    command = (
        sys.executable, "-m", "mlflow", "server", "--backend-store-uri", store_address(),
        "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
    )  # fmt: skip
    with serving(*command, port=port, ready="/health", cwd=Path.cwd(), log=LOG) as server, open_page(1280, 760) as page:
        page.goto(f"{server}/#/experiments")
        close_assistant(page)
        run = f"{server}/#/experiments/{experiment}/runs/{champion.run_id}"
        take(page, leaderboard_address(server, experiment), "leaderboard")
        take(page, f"{run}/artifacts/plots/confusion_matrix.png", "confusion-matrix")
        take(page, f"{server}/#/models/{REGISTERED_MODEL}", "registered-model")


def take_serve() -> None:
    """Take the page of `classifier serve` with some answers, of which one is explained and one is none."""
    port = unused_port()
    command = (sys.executable, "-m", "classifier", "serve", "--port", str(port))
    with (
        serving(*command, port=port, ready="/ready", cwd=Path.cwd(), log=LOG) as server,
        open_page(900, 720) as page,
    ):
        page.goto(server)
        page.get_by_label("제목(한 줄에 하나)").fill("\n".join(HEADLINES))
        page.get_by_role("button", name="분류하기").click()
        cards = page.locator("article")
        cards.nth(len(HEADLINES) - 1).wait_for()
        cards.nth(0).get_by_role("button", name="왜?").click()
        cards.nth(0).locator("mark.for").first.wait_for()
        page.screenshot(path=FOLDER / "serve.png")


def take_label() -> None:
    """Take the page of `classifier label` with a headline to label."""
    port = unused_port()
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "crawl.txt"
        table.write_text("\n".join(HEADLINES[:4]) + "\n", encoding="utf-8")
        output = ("--output", str(Path(folder) / "labels.tsv"))
        command = (sys.executable, "-m", "classifier", "label", str(table), *output, "--port", str(port))
        with serving(*command, port=port, ready="/", cwd=Path.cwd(), log=LOG) as server, open_page(900, 460) as page:
            page.goto(server)
            page.get_by_label("이름").fill("가영")
            page.get_by_label("이름").press("Tab")
            page.wait_for_timeout(1000)
            page.screenshot(path=FOLDER / "label.png")


def main() -> None:
    """Take every picture."""
    FOLDER.mkdir(exist_ok=True)
    take_mlflow()
    take_serve()
    take_label()


if __name__ == "__main__":
    main()
