"""However a table is cut into parts, each headline has the same answer to the last digit."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from classifier.prediction.classifier import Classifier


@pytest.mark.parametrize("tier", ["fast", "accurate", "cascade"])
def test_the_digits_do_not_depend_on_the_parts(
    trained: Path, sample: dict[str, list[tuple[str, str]]], tier: str
) -> None:
    clf = Classifier.load(trained / "models" / "quick", tier)
    frame = pd.DataFrame({"headline": ["", None, "!!!", *(headline for headline, _ in sample["test"][:400])]})
    whole = clf.predict_frame(frame)
    for size in (1, 2, 7):
        parts = [clf.predict_frame(frame[i : i + size]) for i in range(0, len(frame), size)]
        pd.testing.assert_frame_equal(pd.concat(parts), whole, check_exact=True)
    texts = frame["headline"].fillna("").tolist()
    assert [clf.predict_part([text])[0] for text in texts] == clf.predict_part(texts)
    ones = [clf.predict([text])[0] for text in texts]
    assert [one.section for one in ones] == [row.section for row in clf.predict_part(texts)]
