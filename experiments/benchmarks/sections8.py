"""Eight sections on headlines of a publisher and a time that the model has not seen: how `sections8.toml` was chosen.

Leave a corpus out, twice at once: learn from an old crawl (`portal-archive`), YNAT and the sample; read a recent crawl
(the half of `portal-2025` that stays unread, six sections) and `entertainment` (연예 alone), neither of which had a
part in the learning. Both crawls stand for a user's own and are tables in the data home.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from benchmarks.common import figures, write
from benchmarks.halves import half

from classifier.corpus.datasets import load_corpus
from classifier.corpus.sections import SECTIONS
from classifier.corpus.tables import merge_repeats
from classifier.evaluation.metrics import evaluate
from classifier.training.compile import fit_model
from classifier.training.config import Candidate
from classifier.training.dataset import section_numbers, training_set

BLOCKS = ("chars", "morphemes", "nospace", "embeddings")
PLAIN = {"embeddings": 0.5}
WEIGHED = {"morphemes": 0.7, "nospace": 1.4, "embeddings": 0.5}


def candidate(estimator: str, features: tuple[str, ...], weights: dict[str, float], **parameters: Any) -> Candidate:
    """Return a candidate as a config would have it."""
    return Candidate(estimator=estimator, features=features, min_df=3, block_weights=weights, parameters=parameters)


CHOSEN = candidate("stack", BLOCKS, WEIGHED, alphas=[], plain=True)

#: What of the sample is learned from, and how; the first is what one would begin with.
TRIED = (
    ("train, test", candidate("linear_svc", ("chars", "morphemes"), {}, C=0.3)),
    ("train, test", CHOSEN),
    ("all", candidate("linear_svc", BLOCKS, WEIGHED, C=0.1)),
    ("all", candidate("stack", BLOCKS, PLAIN, alphas=[], plain=True)),
    ("all", CHOSEN),
)


def main() -> None:
    """Learn from some corpora, read the others, write."""
    ynat = load_corpus("ynat:train")
    learned = [load_corpus("portal-archive"), ynat[ynat["section"] != "생활문화"], load_corpus("sample")]
    train, _ = merge_repeats(pd.concat(learned, ignore_index=True))
    parts = pd.concat([load_corpus("sample:wide"), load_corpus("sample:desk")])
    wide = train["headline"].isin(parts["headline"]).to_numpy()
    test = pd.concat([half(unread=True), load_corpus("entertainment")], ignore_index=True)
    seen = train["headline"].isin(set(test["headline"])).to_numpy()
    train, wide = train[~seen], wide[~seen]
    target = section_numbers(train["section"].tolist(), SECTIONS)
    data = training_set(train["headline"].tolist(), target, SECTIONS, BLOCKS)
    rows = []
    for sample, tried in TRIED:
        chosen = np.flatnonzero(~wide | (sample == "all"))
        evaluated = evaluate(fit_model(tried, data, chosen), test)
        read = figures(evaluated)
        found = evaluated.evaluation.per_section
        six = [found[name]["f1"] for name in SECTIONS if name in found and name != "연예"]
        rows.append(
            {
                "candidate": f"`{tried.name}`",
                "of the sample": sample,
                "macro-F1, seven sections": read["macro-F1"],
                "95% interval": read["95% interval"],
                "the crawl's six": f"{np.mean(six):.4f}",
                "연예 precision": f"{found['연예']['precision']:.3f}",
                "연예 recall": f"{found['연예']['recall']:.3f}",
            }
        )
        print(rows[-1], flush=True)
    write("sections8", rows)


if __name__ == "__main__":
    main()
