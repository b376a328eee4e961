"""How fast the tiers are, against their peers in the same minutes on the same machine: ``make bench``.

Peers: fastText's best model (`fasttext_accuracy.py` finds it), bare tokenisation by Kiwi as it comes, and an untrained
network of BERT-base's shape in PyTorch on the CPU, 24 tokens, batches of 32. Every figure is a ratio; `clock.py` says
how it is taken. The F1 figures are those that the training wrote into the model's manifest: the test table is not read
again.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.clock import each, in_turn, process, ratio
from benchmarks.common import RESULTS, write
from kiwipiepy import Kiwi

from classifier.corpus.datasets import load_corpus
from classifier.prediction.classifier import Classifier
from classifier.text.normalize import normalize_all

MODEL = "models/ynat-best"
ROUNDS = 7
HEADLINE = "손흥민, 개막전 멀티골…토트넘 3-1 승"


def row(
    figure: str, must: str, target: str, measured: float, holds: Callable[[float], tuple[bool, bool]], unit: str = "×"
) -> dict[str, Any]:
    """Return a line of the table; ``holds`` says whether ``measured`` reaches must and target."""
    reached = holds(measured)
    verdict = "target" if reached[1] else "must" if reached[0] else "missed"
    shown = f"{measured:.4f}" if unit == "" else f"{measured:.3g}{unit}"
    return {"figure": figure, "must": must, "target": target, "measured": shown, "reached": verdict}


def at_least(must: float, target: float) -> Callable[[float], tuple[bool, bool]]:
    """Return a check for figures that should be large."""
    return lambda found: (found >= must, found >= target)


def at_most(must: float, target: float) -> Callable[[float], tuple[bool, bool]]:
    """Return a check for figures that should be small."""
    return lambda found: (found <= must, found <= target)


def bare_kiwi() -> Kiwi:
    """Return a Kiwi as it comes, with as many threads as the accurate tier's."""
    return Kiwi(num_workers=os.cpu_count())


def tokens_of(analyzer: Kiwi, headlines: list[str]) -> int:
    """Tokenise with nothing else done."""
    return sum(len(tokens) for tokens in analyzer.tokenize(headlines))


def chosen_fasttext() -> tuple[str, dict[str, Any]]:
    """Return which text fastText's best model reads, and its settings."""
    best = json.loads((RESULTS / "fasttext_accuracy.json").read_text(encoding="utf-8"))["chosen"]
    return best.pop("text"), best


def bert_shaped(batch: int = 32, tokens: int = 24) -> Callable[[], Any]:
    """Return a call that sends one batch through an untrained encoder of BERT-base's shape."""
    import torch

    torch.manual_seed(0)
    layer = torch.nn.TransformerEncoderLayer(768, 12, 3072, activation="gelu", batch_first=True)
    encoder = torch.nn.TransformerEncoder(layer, 12, enable_nested_tensor=False).eval()
    embedding, head = torch.nn.Embedding(32_000, 768), torch.nn.Linear(768, 7)
    ids = torch.randint(0, 32_000, (batch, tokens))

    def forward() -> Any:
        with torch.inference_mode():
            return head(encoder(embedding(ids))[:, 0]).argmax(dim=1)

    return forward


def batches(folder: str, headlines: list[str]) -> list[dict[str, Any]]:
    """Measure throughput on lists."""
    from benchmarks.fasttext_accuracy import fit, load, prepared

    fast, accurate, cascade = (Classifier.load(folder, tier) for tier in ("fast", "accurate", "cascade"))
    text, best = chosen_fasttext()
    train, target, _ = load("ynat:train")
    peer = fit(prepared(train, text), target, **best)
    many = (headlines * 5)[:20_000]
    read = prepared(many, text)  # beforehand: the peer's own work alone is timed
    ours, theirs = in_turn([lambda: fast.predict(many), lambda: peer.predict(read)], ROUNDS)
    rows = [
        row("fast, batch, one thread, against fastText's best model", "≥ 2×", "4×", ratio(ours, theirs), at_least(2, 4))
    ]
    print(rows[-1], f"{len(many) / min(ours):,.0f} headlines/s", flush=True)

    few = headlines[:4000]
    normalized, analyzer = normalize_all(few), bare_kiwi()
    ours, theirs = in_turn([lambda: accurate.predict(few), lambda: tokens_of(analyzer, normalized)], ROUNDS)
    threads = os.cpu_count()
    rows.append(
        row(
            f"accurate, batch, against bare Kiwi ({threads} threads both)",
            "≥ 0.80×",
            "0.95×",
            ratio(ours, theirs),
            at_least(0.8, 0.95),
        )
    )
    print(rows[-1], flush=True)
    speed = len(few) / statistics.median(ours)
    forward = bert_shaped()
    (taken,) = in_turn([forward], 3)
    rows.append(
        row(
            "accurate against the BERT-shaped network",
            "≥ 80×",
            "150×",
            speed * statistics.median(taken) / 32,
            at_least(80, 150),
        )
    )
    print(rows[-1], flush=True)
    ours, theirs = in_turn([lambda: cascade.predict(few), lambda: accurate.predict(few)], ROUNDS)
    rows.append(row("cascade, batch, against accurate", "≥ 3×", "6×", ratio(ours, theirs), at_least(3, 6)))
    print(rows[-1], flush=True)
    return rows


def singles(folder: str, headlines: list[str]) -> list[dict[str, Any]]:
    """Measure one headline at a time, warm."""
    few = headlines[:1000]
    analyzer = bare_kiwi()
    rows = []
    for tier, must, target in (("fast", 0.5, 0.15), ("accurate", 1.6, 1.15)):
        clf = Classifier.load(folder, tier)
        found = []
        for _ in range(9):  # single calls vary by a third from round to round on a shared machine
            ours = each(lambda headline: clf.predict([headline]), few)  # noqa: B023 - called in this very round
            bare = each(analyzer.tokenize, few)
            found.append([float(np.quantile(ours, q) / np.quantile(bare, q)) for q in (0.5, 0.99)])
        for name, measured in zip(("median", "p99"), np.median(found, axis=0), strict=True):
            figure = f"{tier}, one headline, {name}, against bare Kiwi on it"
            rows.append(row(figure, f"≤ {must}×", f"{target}×", float(measured), at_most(must, target)))
            print(rows[-1], flush=True)
    return rows


def processes(folder: str, headlines: list[str]) -> list[dict[str, Any]]:
    """Measure whole processes: the start, and the memory they take."""
    rows = []
    with tempfile.TemporaryDirectory() as home:
        shutil.copytree(folder, f"{home}/models/champion")
        Path(home, "headlines.json").write_text(json.dumps(headlines[:20_000]), encoding="utf-8")
        fast = f"from classifier import predict; predict({HEADLINE!r})"
        accurate = f"from classifier import Classifier; Classifier.load(tier='accurate').predict([{HEADLINE!r}])"
        bare = f"from kiwipiepy import Kiwi; Kiwi().tokenize({HEADLINE!r})"
        for figure, code, other, must, target in (
            ("cold, whole process, fast, against `import numpy`", fast, "import numpy", 2.5, 1.5),
            ("cold, whole process, accurate, against a default Kiwi() that tokenises once", accurate, bare, 0.7, 0.45),
        ):
            ours, theirs = in_turn([lambda: process(code, home), lambda: process(other, home)], ROUNDS)  # noqa: B023
            rows.append(row(figure, f"≤ {must}×", f"{target}×", ratio(theirs, ours), at_most(must, target)))
            print(rows[-1], flush=True)
        for tier, must, target in (("fast", 150, 100), ("accurate", 600, 400)):
            code = (
                "import json; from classifier import Classifier; "
                f"Classifier.load(tier={tier!r}).predict(json.load(open('headlines.json', encoding='utf-8')))"
            )
            _, memory = process(code, home)
            rows.append(
                row(
                    f"peak memory while predicting 20,000 headlines, {tier}",
                    f"{must} MB",
                    f"{target} MB",
                    memory,
                    at_most(must, target),
                    " MB",
                )
            )
            print(rows[-1], flush=True)
    for tier, pattern, must, target in (("fast", "fast-*", 15, 6), ("accurate", "weights-*", 60, 30)):
        size = sum(path.stat().st_size for path in Path(folder).glob(pattern)) / 1e6
        rows.append(row(f"artefact on disk, {tier}", f"{must} MB", f"{target} MB", size, at_most(must, target), " MB"))
    return rows


def main() -> None:
    """Measure, print the table, write it."""
    folder = sys.argv[1] if len(sys.argv) > 1 else MODEL
    # Not those of the training: the fast tier is surer of headlines that it has seen, and asks the accurate one less.
    headlines = load_corpus("ynat:dev")["headline"].tolist()
    about = json.loads(Path(folder, "manifest.json").read_text(encoding="utf-8"))["about"]
    rows = batches(folder, headlines)
    if "test_tiers" in about:
        tiers = about["test_tiers"]
        rows.append(
            row("fast, macro-F1 on YNAT dev", "≥ 0.83", "0.845", tiers["fast"]["macro_f1"], at_least(0.83, 0.845), "")
        )
        lost = 100 * (about["test"]["macro_f1"] - tiers["cascade"]["macro_f1"])
        rows.append(
            row(
                "cascade, macro-F1 below accurate's on YNAT dev",
                "≤ 0.3 points",
                "0.3 points",
                lost,
                at_most(0.3, 0.3),
                " points",
            )
        )
    rows += singles(folder, headlines) + processes(folder, headlines)
    write("speed", rows)
    for line in rows:
        print("{figure:<80} {must:>12} {target:>10} {measured:>14} {reached}".format(**line))


if __name__ == "__main__":
    main()
