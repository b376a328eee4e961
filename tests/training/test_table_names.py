"""Columns, numbers and names of sections in an experiment: what `[data]` says of its tables."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from classifier.corpus.sections import Folded
from classifier.errors import ConfigError, DataError
from classifier.training.config import load_config
from classifier.training.dataset import Corpora, load_corpora

TOML = """
[data]
train = ["train.csv"]
{data}
[[candidates]]
estimator = "complement_nb"
features = [["chars"]]
"""
WORDS = "국회 예산 코스피 환율 위성 반도체 전시 공연 야구 축구 파업 산불".split()


def write(path: Path, sections: str, headline: str = "headline", section: str = "section", n: int = 6) -> None:
    rows = [
        (f"{WORDS[i]}{WORDS[(i + j + 1) % len(WORDS)]} {name} {WORDS[(i + 2 * j) % len(WORDS)] * 2}", name)
        for i in range(n)
        for j, name in enumerate(sections.split())
    ]
    pd.DataFrame(rows, columns=[headline, section]).to_csv(path, index=False)


def load(folder: Path, data: str) -> Corpora:
    (folder / "x.toml").write_text(TOML.format(data=data), encoding="utf-8")
    return load_corpora(load_config(folder / "x.toml"), folder)


def test_names_of_one_table_stay_apart_and_the_test_follows(tmp_path: Path) -> None:
    write(tmp_path / "train.csv", "IT 과학 국제")
    write(tmp_path / "test.csv", "IT 월드", n=2)
    corpora = load(tmp_path, 'test = "test.csv"')
    assert corpora.sections == ("세계", "IT", "과학")
    assert set(corpora.test["section"]) == {"IT", "세계"}
    assert corpora.folded == [Folded("국제", "세계", 6)]


def test_two_names_of_a_test_table_lead_to_one_section_of_the_training_rows(tmp_path: Path) -> None:
    write(tmp_path / "train.csv", "IT/과학 정치")
    write(tmp_path / "test.csv", "IT 과학", n=2)
    assert set(load(tmp_path, 'test = "test.csv"').test["section"]) == {"IT과학"}


def test_sections_stay_as_they_are_or_follow_a_map(tmp_path: Path) -> None:
    write(tmp_path / "train.csv", "IT/과학 국제 정치")
    assert load(tmp_path, 'holdout = 0.3\nsections = "as they are"').sections == ("정치", "IT/과학", "국제")
    own = 'holdout = 0.3\nsections = {"IT/과학" = "기술", "국제" = "바깥", "정치" = "바깥"}'
    assert load(tmp_path, own).sections == ("기술", "바깥")


@pytest.mark.parametrize("names", ['["IT과학", "경제", "사회"]', '"names.csv"'])
def test_columns_and_numbers_are_named_in_the_config(tmp_path: Path, names: str) -> None:
    write(tmp_path / "train.csv", "0 1 2", "제목 글", "topic_number")
    (tmp_path / "names.csv").write_text("topic,topic_idx\nIT과학,0\n경제,1\n사회,2\n", encoding="utf-8")
    data = f'holdout = 0.3\ncolumns = {{headline = "제목 글", section = "topic_number"}}\nnames = {names}'
    assert load(tmp_path, data).sections == ("경제", "사회", "IT과학")
    with pytest.raises(DataError, match="this number has no name"):
        load(tmp_path, data.replace(names, '["IT과학"]'))


@pytest.mark.parametrize(
    ("data", "message"),
    [('sections = "fold them"', "data.sections"), ("names = [1]", "data.names"), ('columns = {title = "x"}', "title")],
)
def test_a_wrong_key_is_named(tmp_path: Path, data: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load(tmp_path, f"holdout = 0.3\n{data}")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp949", "utf-16"])
def test_an_experiment_is_read_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    text = '[experiment]\ntitle = "제목 분류"\n' + TOML.format(data="holdout = 0.2")
    (tmp_path / "x.toml").write_bytes(text.encode(encoding))
    assert load_config(tmp_path / "x.toml").experiment.title == "제목 분류"
