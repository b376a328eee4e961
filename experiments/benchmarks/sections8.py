"""Eight sections on headlines of a publisher and a time that the model has not seen: how `sections8.toml` was chosen.

Leave a corpus out, twice at once: learn from an old crawl (`portal-archive`), YNAT, the sample and the lexicon; read a
recent crawl (the half of `portal-2025` that stays unread, six sections) and `entertainment` (연예 alone), neither of
which had a part in the learning. Both crawls stand for a user's own and are tables in the data home.
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
WEIGHED = {"morphemes": 0.7, "nospace": 1.4, "embeddings": 0.5}


def candidate(estimator: str, features: tuple[str, ...], weights: dict[str, float], **parameters: Any) -> Candidate:
    """Return a candidate as a config would have it."""
    return Candidate(estimator=estimator, features=features, min_df=4, block_weights=weights, parameters=parameters)


CHOSEN = candidate("stack", BLOCKS, WEIGHED, alphas=[], plain=True)

#: What of the sample is learned from, what its rows of `sample:desk` and those of the lexicon weigh, and how; the first
#: is what one would begin with. The last, of `sections8.toml`, was chosen on the half of `portal-2025` that was read.
TRIED = (
    ("train, test", 1, 0, candidate("linear_svc", ("chars", "morphemes"), {}, C=0.3)),
    ("train, test", 1, 0, CHOSEN),
    ("all", 1, 0, candidate("linear_svc", BLOCKS, WEIGHED, C=0.1)),
    ("all", 1, 0, CHOSEN),
    ("all", 2, 2, CHOSEN),
)


def main() -> None:
    """Learn from some corpora, read the others, write."""
    ynat, words = load_corpus("ynat:train"), load_corpus("lexicon")
    learned = [load_corpus("portal-archive"), ynat[ynat["section"] != "생활문화"], load_corpus("sample")]
    merged, _ = merge_repeats(pd.concat(learned, ignore_index=True))
    test = pd.concat([half(unread=True), load_corpus("entertainment")], ignore_index=True)
    merged = merged[~merged["headline"].isin(set(test["headline"]))]
    train = pd.concat([merged, words], ignore_index=True)
    in_lexicon = np.arange(len(train)) >= len(merged)
    desk, wide = (
        train["headline"].isin(load_corpus(f"sample:{part}")["headline"]).to_numpy() & ~in_lexicon
        for part in ("desk", "wide")
    )
    target = section_numbers(train["section"].tolist(), SECTIONS)
    data = training_set(train["headline"].tolist(), target, SECTIONS, BLOCKS)
    rows = []
    for sample, of_desk, of_words, tried in TRIED:
        weights = np.where(in_lexicon, of_words, np.where(desk, of_desk, 1.0))
        if sample != "all":
            weights[desk | wide] = 0
        evaluated = evaluate(fit_model(tried, data, weights=weights), test)
        read = figures(evaluated)
        found = evaluated.evaluation.per_section
        six = [found[name]["f1"] for name in SECTIONS if name in found and name != "연예"]
        rows.append(
            {
                "candidate": f"`{tried.name}`",
                "of the sample": sample,
                "weight of sample:desk": of_desk,
                "of the lexicon": of_words,
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
