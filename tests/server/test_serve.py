"""The server over a real socket: routes, limits, batches, a new champion, tokens and webhooks."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import mmap
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classifier.model.fast import FastModel
from classifier.model.model import Model
from classifier.prediction.classifier import Classifier
from classifier.server.batching import Batcher
from classifier.server.served import ServedModel
from tests.support.servers import serving, unused_port

FOOTBALL, BANK = "손흥민, 개막전 멀티골…토트넘 3-1 승", "한은, 기준금리 동결…“물가 더 지켜봐야”"
TOKEN, SECRET = "a token of the tests", "a secret of the tests"


def call(address: str, body: object = None, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    """Send a request; return status and answer."""
    raw = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, raw, {"Content-Type": "application/json"} | (headers or {}))
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            status, text = answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            status, text = error.code, error.read().decode()
    return status, json.loads(text) if text.startswith("{") else text


@pytest.fixture(scope="module")
def folder(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("serving") / "work"
    shutil.copytree(trained, folder)
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[str]:
    os.environ |= {"HEADLINE_TOKEN": TOKEN, "HEADLINE_WEBHOOK_SECRET": SECRET}
    port = unused_port()
    command = (sys.executable, "-m", "classifier", "serve", "--port", str(port), "--max-headlines", "100")
    with serving(*command, port=port, ready="/ready", cwd=folder, log=folder / "server.log") as address:
        del os.environ["HEADLINE_TOKEN"], os.environ["HEADLINE_WEBHOOK_SECRET"]  # of this server alone
        yield address


def test_predict_answers_as_the_classifier_does(server: str, folder: Path) -> None:
    clf = Classifier.load(folder / "models" / "champion")
    status, answer = call(f"{server}/predict", {"headlines": [FOOTBALL, BANK, ""]})
    assert status == 200
    assert answer["model"] == clf.about()
    expected = [prediction.to_dict() for prediction in clf.predict([FOOTBALL, BANK, ""])]
    assert [row["section"] for row in answer["predictions"]] == ["스포츠", "경제", None]
    assert [row["headline"] for row in answer["predictions"]] == [FOOTBALL, BANK, ""]
    for row, right in zip(answer["predictions"], expected, strict=True):
        assert row["probability"] == pytest.approx(right["probability"], abs=1e-4)
        assert row["tier"] == right["tier"]


@pytest.mark.parametrize("tier", ["fast", "accurate", "cascade"])
def test_a_request_names_its_tier_and_how_many_sections_it_wants(server: str, folder: Path, tier: str) -> None:
    tiers = call(f"{server}/version")[1]["tiers"]
    status, answer = call(f"{server}/predict", {"headlines": [BANK], "tier": tier, "top": 2})
    if tier not in tiers:
        assert status == 422
        assert tier in answer["error"]
        return
    (row,) = answer["predictions"]
    assert len(row["probabilities"]) == 2
    assert row["tier"] in (tier, "fast", "accurate")


def test_a_request_asks_for_a_precision_or_a_coverage(server: str) -> None:
    body = {"headlines": [FOOTBALL, "Tottenham win the opening match"], "min_precision": 0.9, "coverage": 0.9}
    status, answer = call(f"{server}/predict", body)
    assert status in (200, 422), answer  # 422 with the reason where the model was trained without thresholds
    if status == 200:
        assert answer["predictions"][1]["section"] is None
        assert answer["predictions"][1]["reason"] in ("unfamiliar", "uncertain")
    else:
        assert "precision" in answer["error"] or "coverage" in answer["error"]


def test_explain_sums_to_the_score(server: str, folder: Path) -> None:
    status, answer = call(f"{server}/explain", {"headline": BANK, "top": 3})
    assert status == 200
    clf = Classifier.load(folder / "models" / "champion")
    right = clf.explain(BANK, top=3, section=answer["explained"])
    assert sum(c["weight"] for c in answer["contributions"]) == pytest.approx(sum(c.weight for c in right), abs=1e-3)
    begin, end = answer["contributions"][0]["span"]
    assert BANK[begin:end]


def test_article_takes_title_and_body(server: str, folder: Path) -> None:
    clf = Classifier.load(folder / "models" / "champion")
    title, body = "결국 칼 빼 들었다", "한국은행이 기준금리를 올렸다. 물가가 더 오를 것으로 봤다."
    status, answer = call(f"{server}/article", {"title": title, "body": body})
    assert status == 200
    expected = clf.predict_article(title, body)
    assert answer["prediction"]["section"] == expected.section == "경제"
    assert answer["prediction"]["probability"] == pytest.approx(expected.probability, abs=1e-4)


def test_every_prediction_is_counted(server: str) -> None:
    def counted() -> float:
        lines = call(f"{server}/metrics")[1].splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith("headline_predictions_total"))

    before = counted()
    call(f"{server}/explain", {"headline": BANK})
    call(f"{server}/article", {"title": BANK, "body": "한국은행이 기준금리를 그대로 두었다."})
    call(f"{server}/predict", {"headlines": [BANK, FOOTBALL]})
    assert counted() == before + 4


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        ("/predict", b"{", 422, "JSON"),
        ("/predict", {"headlines": "하나"}, 422, "headlines"),
        ("/predict", {"headlines": []}, 422, "headlines"),
        ("/predict", {"headlines": [None]}, 422, "headlines.0"),
        ("/predict", {"headlines": [7]}, 422, "headlines.0"),
        ("/predict", {"headlines": ["가"], "tier": "slow"}, 422, "slow"),
        ("/predict", {"headlines": ["가"], "colour": 1}, 422, "colour"),
        ("/predict", {"headlines": ["가"] * 101}, 413, "101 headlines"),
        ("/predict", {"headlines": ["가" * 1001]}, 413, "headlines.0 has 1,001"),
        ("/predict", b"[" + b" " * 2_000_001, 413, "2,000,000 bytes"),
        ("/explain", {"headline": BANK, "section": "날씨"}, 422, "날씨"),
        ("/reload", {}, 401, "Bearer"),
        ("/webhook", {}, 401, "signature"),
    ],
)
def test_a_wrong_request_says_what_is_wrong(server: str, path: str, body: object, status: int, message: str) -> None:
    found, answer = call(f"{server}{path}", body)
    assert (found, message in answer["error"]) == (status, True), answer


def test_a_lone_surrogate_is_answered_or_refused(server: str) -> None:
    assert call(f"{server}/predict", b'{"headlines": ["\\ud800 \xec\xbd\x94\xec\x8a\xa4\xed\x94\xbc"]}')[0] in (
        200,
        422,
    )


def test_health_version_metrics_and_openapi(server: str) -> None:
    assert call(f"{server}/health") == (200, {"status": "ok"})
    assert "경제" in call(f"{server}/version")[1]["sections"]
    call(f"{server}/predict", {"headlines": [FOOTBALL]})
    text = call(f"{server}/metrics")[1]
    assert 'headline_requests_total{route="/predict",status="200"}' in text
    assert 'headline_predictions_total{section="스포츠"' in text
    paths = call(f"{server}/openapi.json")[1]["paths"]
    assert {"/predict", "/explain", "/article", "/health", "/ready", "/version"} <= set(paths)
    example = paths["/predict"]["post"]["requestBody"]["content"]["application/json"]["schema"]["examples"]
    assert "한은" in example[0]["headlines"][0]


def test_no_headline_stands_in_the_log(server: str, folder: Path) -> None:
    call(f"{server}/predict", {"headlines": ["아무도 적지 않는 제목"]})
    assert "아무도" not in (folder / "server.log").read_text(encoding="utf-8")


def signed(event: object, secret: str = SECRET, age: int = 0) -> tuple[bytes, dict[str, str]]:
    """Return the body and the headers of a delivery as MLflow signs it."""
    body, stamp = json.dumps(event).encode(), str(int(time.time()) - age)
    content = b"delivery-1." + stamp.encode() + b"." + body
    signature = base64.b64encode(hmac.new(secret.encode(), content, hashlib.sha256).digest()).decode()
    headers = {
        "X-MLflow-Signature": f"v1,{signature}",
        "X-MLflow-Timestamp": stamp,
        "X-MLflow-Delivery-Id": "delivery-1",
    }
    return body, headers


def test_our_signature_is_mlflows() -> None:
    from mlflow.webhooks.delivery import _generate_hmac_signature

    body, headers = signed({"entity": "model_version_alias"})
    stamp = headers["X-MLflow-Timestamp"]
    assert headers["X-MLflow-Signature"] == _generate_hmac_signature(SECRET, "delivery-1", stamp, body.decode())


def test_a_webhook_is_believed_only_if_it_is_signed_and_fresh(server: str) -> None:
    alias = {"entity": "model_version_alias", "action": "created"}
    for event, options, status in (
        (alias, {}, 200),
        ({"entity": "model_version"}, {}, 200),
        (alias, {"secret": "another"}, 401),
        (alias, {"age": 900}, 401),
    ):
        body, headers = signed(event, **options)
        assert call(f"{server}/webhook", body, headers)[0] == status


@pytest.mark.parametrize("event", [[1], "model_version_alias", None])
def test_a_signed_body_that_is_no_event_is_refused(server: str, event: object) -> None:
    status, answer = call(f"{server}/webhook", *signed(event))
    assert status == 422
    assert "JSON object" in answer["error"]


def test_reload_needs_the_token(server: str) -> None:
    assert call(f"{server}/reload", {}, {"Authorization": "Bearer wrong"})[0] == 401
    status, answer = call(f"{server}/reload", {}, {"Authorization": f"Bearer {TOKEN}"})
    assert (status, answer["changed"], answer["not_taken"]) == (200, False, None)


def test_a_new_champion_is_served_without_a_dropped_request(server: str, folder: Path) -> None:
    champion = folder / "models" / "champion"
    before = call(f"{server}/version")[1]["model"]["fingerprint"]
    stop, seen, failures = threading.Event(), [], []

    def ask() -> None:
        while not stop.is_set():
            status, answer = call(f"{server}/predict", {"headlines": [FOOTBALL]})
            if status == 200:
                seen.append(answer["model"]["fingerprint"])
            else:
                failures.append(answer)

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    other = Model.load(champion).replace(settings={"served": "anew"})
    other.save(champion)
    deadline = time.monotonic() + 60
    while len(set(seen)) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    stop.set()
    for asker in askers:
        asker.join()
    assert not failures
    assert list(dict.fromkeys(seen)) == [before, other.fingerprint]  # never the old one after the new one
    (champion / "manifest.json").write_text("{", encoding="utf-8")  # a damaged one is not taken
    deadline = time.monotonic() + 60
    while call(f"{server}/ready")[1]["not_taken"] is None and time.monotonic() < deadline:
        time.sleep(0.05)
    status, answer = call(f"{server}/predict", {"headlines": [FOOTBALL]})
    assert (status, answer["model"]["fingerprint"]) == (200, other.fingerprint)
    other.save(champion)


def test_without_a_token_nothing_can_be_changed_and_without_a_model_nothing_starts(
    folder: Path, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "classifier", "serve", "--port", str(unused_port())],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "No champion yet" in done.stderr
    port = unused_port()
    command = (sys.executable, "-m", "classifier", "serve", "--port", str(port), "--workers", "2")
    with serving(*command, port=port, ready="/ready", cwd=folder, log=tmp_path / "log") as address:
        assert call(f"{address}/reload", {})[0] == 403
        assert call(f"{address}/webhook", {})[0] == 403
        for _ in range(20):
            assert call(f"{address}/predict", {"headlines": [FOOTBALL]})[0] == 200
        lines = [
            line for line in call(f"{address}/metrics")[1].splitlines() if line.startswith("headline_requests_total")
        ]
        counted = sum(float(line.split()[-1]) for line in lines if 'route="/predict"' in line)
        assert counted == 20  # of both workers


def test_a_request_under_way_is_answered_before_the_end(folder: Path, tmp_path: Path) -> None:
    port = unused_port()
    command = [sys.executable, "-m", "classifier", "serve", "--port", str(port)]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                call(f"http://127.0.0.1:{port}/ready")
                break
            except OSError:
                time.sleep(0.1)
        answers: list[int] = []
        body = {"headlines": [f"{BANK} {i}" for i in range(900)], "tier": None}
        asker = threading.Thread(target=lambda: answers.append(call(f"http://127.0.0.1:{port}/predict", body)[0]))
        asker.start()
        time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        asker.join()
        assert answers == [200]
        process.wait(30)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def test_requests_that_arrive_while_the_model_is_busy_share_a_batch() -> None:
    sizes: list[int] = []

    def slow(key: object, texts: object) -> list[object]:
        time.sleep(0.05)
        return [(key, text) for text in texts]  # type: ignore[attr-defined]

    async def ask() -> list[list[object]]:
        batcher = Batcher(slow, observe=sizes.append)
        first = asyncio.create_task(batcher.submit("a", ["0"] * 10))
        await asyncio.sleep(0.01)
        others = [asyncio.create_task(batcher.submit("a" if i % 2 else "b", [str(i)])) for i in range(1, 21)]
        found = await asyncio.gather(first, *others)
        batcher.close()
        return found

    found = asyncio.run(ask())
    assert found[0] == [("a", "0")] * 10
    assert list(found[1:]) == [[("a" if i % 2 else "b", str(i))] for i in range(1, 21)]
    assert sizes == [10, 10, 10]


def test_an_error_of_the_model_reaches_every_request_and_the_next_batch_goes_on() -> None:
    def fail(key: object, texts: object) -> list[object]:
        if key == "bad":
            raise ValueError("broken")
        return list(texts)  # type: ignore[attr-defined]

    async def ask() -> None:
        batcher = Batcher(fail, observe=lambda size: None)
        bad = [asyncio.create_task(batcher.submit("bad", ["x"])) for _ in range(3)]
        good = asyncio.create_task(batcher.submit("good", ["y"]))
        found = await asyncio.gather(*bad, good, return_exceptions=True)
        batcher.close()
        assert [type(result) for result in found] == [ValueError] * 3 + [list]

    asyncio.run(ask())


def test_the_weights_are_mapped_so_that_workers_share_them(tmp_path):
    weights = np.random.default_rng(1).normal(size=(16, 3))
    fast = FastModel.quantize(("가", "나", "다"), weights, np.zeros(3), {"chars": (1, 2)}, np.ones(16, np.int64))
    Model(fast.sections, fast=fast).save(tmp_path)
    served = ServedModel.load(str(tmp_path), None).default
    assert served.predict([BANK]) == Classifier(Model.load(tmp_path)).predict([BANK])
    owner: Any = served.model.fast.table
    while isinstance(owner, np.ndarray):
        owner = owner.base
    assert isinstance(getattr(owner, "obj", owner), mmap.mmap)
