"""A table with planted faults, for the tests of label errors, weights and audits."""

from __future__ import annotations

import random

import pandas as pd

SECTIONS = ("경제", "연예", "스포츠")
FLIPPED = 30


def faulty(sample: dict[str, list[tuple[str, str]]], flipped: int = FLIPPED) -> tuple[pd.DataFrame, set[str]]:
    """A table of three sections with planted faults, and the headlines whose label is wrong."""
    rng = random.Random(7)
    rows = [row for row in sample["train"] if row[1] in SECTIONS]
    rng.shuffle(rows)
    del rows[1200:]
    wrong = {headline for headline, _ in rows[:flipped]}
    rows = [(h, rng.choice([s for s in SECTIONS if s != section]) if h in wrong else section) for h, section in rows]
    evidence = ["block" if h in wrong or i % 3 == 0 else "item" for i, (h, _) in enumerate(rows)]
    frame = pd.DataFrame(rows, columns=["headline", "section"]).assign(evidence=evidence, memo="손으로 쓴 메모")
    planted = [
        ("코스피 2,700선 회복…외국인 순매수", "경제"),
        ("코스피 2,700선 회복…외국인 순매수", "경제"),
        ("프로야구 개막전 다섯 구장 매진", "스포츠"),
        ("프로야구 개막전 다섯 구장 매진", "연예"),
        ("배우 A씨, 첫 단독 예능 ‘산골 밥상’으로 시청률 1위", "연예"),
        ("배우 A씨 첫 단독 예능 '산골 밥상'으로 시청률 1위 올라", "경제"),
        ("아직 섹션이 없는 헤드라인 하나", ""),
    ]
    return pd.concat(
        [frame, pd.DataFrame(planted, columns=["headline", "section"]).assign(evidence="none", memo="")],
        ignore_index=True,
    ), wrong
