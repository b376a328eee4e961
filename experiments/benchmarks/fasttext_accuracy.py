"""fastText on YNAT, side by side: its best model by a small search on a validation part of train, then dev, once.

The validation part is a tenth of the training rows, near-duplicate groups whole, the same for every setting.
fastText reads what the classifier reads, raw or normalized: that is part of the search. One thread, so that a
run can be repeated.
"""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path
from typing import Any

import fasttext
import numpy as np
from benchmarks.common import write
from sklearn.metrics import accuracy_score, f1_score

from classifier.corpus.datasets import load_corpus
from classifier.text.normalize import normalize_all
from classifier.training.dataset import section_numbers
from classifier.training.splits import holdout_rows

SEED = 0
#: Words alone, or with pieces of two to four syllables; one or two words at a time.
UNITS = [
    {"minn": minn, "maxn": maxn, "wordNgrams": words}
    for (minn, maxn), words in itertools.product([(0, 0), (2, 4)], [1, 2])
]
#: Then, with the best of those: size, length and speed of the training.
TRAINING = [
    {"dim": dim, "epoch": epoch, "lr": lr} for dim, epoch, lr in itertools.product([50, 100], [5, 15], [0.2, 0.5])
]
FIRST = {"dim": 100, "epoch": 10, "lr": 0.5}


def fit(headlines: list[str], target: np.ndarray, **settings: Any) -> Any:
    """Return a supervised fastText model, trained from a file as it wants it, by one thread."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.txt"
        lines = [f"__label__{label} {headline}\n" for headline, label in zip(headlines, target, strict=True)]
        path.write_text("".join(lines), encoding="utf-8")
        return fasttext.train_supervised(str(path), thread=1, seed=SEED, verbose=0, **settings)


def answers(model: Any, headlines: list[str]) -> np.ndarray:
    """Return the label of each headline, predicted from a list."""
    labels, _ = model.predict(headlines)
    return np.array([int(found[0].removeprefix("__label__")) for found in labels])


def prepared(headlines: list[str], text: str) -> list[str]:
    """Return headlines as fastText is to read them: ``raw`` or ``normalized``."""
    return normalize_all(headlines) if text == "normalized" else [" ".join(headline.split()) for headline in headlines]


def load(name: str) -> tuple[list[str], np.ndarray, list[str]]:
    """Return the headlines of a corpus, the number of each one's section, and the sections."""
    frame = load_corpus(name)
    sections = sorted(frame["section"].unique())
    return frame["headline"].tolist(), section_numbers(frame["section"].tolist(), sections), sections


def main() -> None:
    """Search, test once, write."""
    headlines, target, sections = load("ynat:train")
    held = np.isin(np.arange(len(target)), holdout_rows(headlines, target, sections, 0.1, SEED))
    rows: list[dict[str, Any]] = []

    def measure(text: str, settings: dict[str, Any]) -> None:
        read = np.array(prepared(headlines, text), object)
        model = fit(read[~held].tolist(), target[~held], **settings)
        found = answers(model, read[held].tolist())
        score = f1_score(target[held], found, average="macro")
        rows.append({"text": text, **settings, "validation_macro_F1": round(float(score), 4)})
        print(rows[-1], flush=True)

    def best() -> dict[str, Any]:
        winner = max(rows, key=lambda row: row["validation_macro_F1"])
        return {key: value for key, value in winner.items() if key != "validation_macro_F1"}

    for text, units in itertools.product(("raw", "normalized"), UNITS):
        measure(text, FIRST | units)
    chosen = best()
    text = chosen.pop("text")
    for training in TRAINING:
        measure(text, chosen | training)
    chosen = best()
    text = chosen.pop("text")
    model = fit(prepared(headlines, text), target, **chosen)
    dev, truth, _ = load("ynat:dev")
    found = answers(model, prepared(dev, text))
    write(
        "fasttext_accuracy",
        {
            "chosen": {"text": text, **chosen},
            "dev_macro_F1": round(float(f1_score(truth, found, average="macro")), 4),
            "dev_accuracy": round(float(accuracy_score(truth, found)), 4),
            "search": sorted(rows, key=lambda row: -row["validation_macro_F1"]),
        },
    )


if __name__ == "__main__":
    main()
