"""The MLflow UI in a real browser, on the store that a training wrote."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient
from playwright.sync_api import Page, expect

from classifier.tracking.leaderboard import leaderboard_address
from tests.support.browser import CHROMIUM, close_assistant, open_page
from tests.support.servers import serving, unused_port

expect.set_options(timeout=30_000)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: `make browser` installs it")


@pytest.fixture(scope="module")
def server(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = unused_port()
    command = (
        sys.executable, "-m", "mlflow", "server", "--backend-store-uri", f"sqlite:///{trained / 'mlflow.db'}",
        "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
    )  # fmt: skip
    log = tmp_path_factory.mktemp("server") / "log"
    with serving(*command, port=port, ready="/health", cwd=trained, log=log) as address:
        yield address


@pytest.fixture(scope="module")
def page(server: str) -> Iterator[Page]:
    with open_page() as opened:
        opened.goto(f"{server}/#/experiments")
        close_assistant(opened)
        yield opened


def visit(page: Page, address: str) -> None:
    page.goto("about:blank")  # addresses of the UI differ after the # alone, which loads nothing
    page.goto(address)


@pytest.fixture(scope="module")
def parent(server: str) -> tuple[str, str]:
    client = MlflowClient(server)
    (experiment,) = (e for e in client.search_experiments() if e.name == "quick")
    (run,) = client.search_runs([experiment.experiment_id], "tags.stage = 'search'")
    return experiment.experiment_id, run.info.run_id


def test_the_leaderboard_opens_best_first_with_the_metrics_that_matter(
    page: Page, server: str, parent: tuple[str, str]
) -> None:
    visit(page, leaderboard_address(server, parent[0]))
    expect(page.get_by_text("A quick search for the tests.").first).to_be_visible()
    header = page.locator(".ag-header-cell")
    wanted = ["cv_macro_f1", "cv_accuracy", "cv_log_loss", "cv_ece", "test_macro_f1", "features", "estimator"]
    for title in wanted:
        expect(header.filter(has_text=title).first).to_be_visible()
    boxes = [(cell.bounding_box(), cell.inner_text().strip()) for cell in header.all()]
    titles = [title for _, title in sorted((box["x"], title) for box, title in boxes if box and title)]
    assert [title for title in titles if title in wanted] == wanted
    assert not any("/" in title for title in titles), "the figures of single sections do not crowd the leaderboard"
    cells = page.locator("[role=gridcell][col-id*=cv_macro_f1]")
    expect(cells.first).to_be_visible()
    values = [float(value) for value in cells.all_inner_texts() if value.strip() not in ("", "-")]
    assert len(values) == 3
    assert values == sorted(values, reverse=True)


def test_the_best_run_describes_itself(page: Page, server: str, parent: tuple[str, str]) -> None:
    visit(page, f"{server}/#/experiments/{parent[0]}/runs/{parent[1]}")
    expect(page.get_by_text("Winner:").first).to_be_visible()
    expect(page.locator("th", has_text="macro-F1").first).to_be_visible()  # the Markdown has become a table
    expect(page.get_by_text("sample-train").first).to_be_visible()
    expect(page.get_by_text("test_f1/정치").first).to_be_visible()


@pytest.mark.parametrize("picture", ["confusion_matrix", "reliability", "sections", "features", "learning_curve"])
def test_every_picture_is_shown(page: Page, server: str, parent: tuple[str, str], picture: str) -> None:
    visit(page, f"{server}/#/experiments/{parent[0]}/runs/{parent[1]}/artifacts/plots/{picture}.png")
    image = page.get_by_role("img", name=f"plots/{picture}.png")
    expect(image).to_be_visible()
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 500


def test_the_wrong_headlines_are_a_table(page: Page, server: str, parent: tuple[str, str]) -> None:
    visit(page, f"{server}/#/experiments/{parent[0]}/runs/{parent[1]}/artifacts/wrong_headlines.csv")
    expect(page.get_by_text("predicted").first).to_be_visible()


def test_the_registered_model_shows_description_and_alias(page: Page, server: str) -> None:
    visit(page, f"{server}/#/models/headline-classifier")
    expect(page.get_by_text("is the version that answers").first).to_be_visible()
    expect(page.locator("strong", has_text="champion").first).to_be_visible()
    expect(page.get_by_text("@ champion").first).to_be_visible()
    visit(page, f"{server}/#/models/headline-classifier/versions/1")
    expect(page.get_by_text("Says which section a Korean news headline belongs to: 정치").first).to_be_visible()


def test_candidates_compare_in_parallel_coordinates(page: Page, server: str, parent: tuple[str, str]) -> None:
    runs = MlflowClient(server).search_runs([parent[0]])
    ids = ",".join(f'"{run.info.run_id}"' for run in runs)
    page.goto(f'{server}/#/compare-runs?runs=[{ids}]&experiments=["{parent[0]}"]')
    expect(page.get_by_text("Parallel Coordinates Plot").first).to_be_visible()
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    expect(page.get_by_text("cv_macro_f1").first).to_be_visible()
