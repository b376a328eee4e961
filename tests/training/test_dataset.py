"""Mixed corpora: folds of whole topics, auxiliary tables, sections that are left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from classifier.errors import DataError
from classifier.model.model import Model
from classifier.training.config import CORRECTION_WEIGHT, load_config
from classifier.training.dataset import Corpora, feature_cache, load_corpora, prepare
from classifier.training.pipeline import train
from classifier.training.splits import topic_groups
from classifier.training.weights import stated_weights, weigh
from tests.conftest import write_config

CONFIG = """
[data]
train = ["train.tsv"]
test = "test.tsv"
auxiliary = [{auxiliary}]

[search]
folds = 2
groups = "topics"
n_jobs = 1

[[candidates]]
estimator = "stack"
features = [["chars"]]
grid = {{ folds = [2] }}

[fast]
distil = false
"""


def test_topics_hold_like_headlines_and_near_duplicates_together() -> None:
    football = [
        "손흥민 멀티골 토트넘 승리",
        "이강인 도움 파리 승리",
        "황희찬 선발 울버햄튼 무승부",
        "월드컵 예선 대표팀 명단",
    ]
    money = ["코스피 상승 마감", "환율 하락 원화 강세", "기준금리 동결 한국은행", "증시 급락 외국인 매도"]
    headlines = football * 20 + money * 20
    cache = feature_cache()
    words = cache.counts(headlines, ["embeddings"])["embeddings"]
    duplicates = np.tile(np.arange(4), 40) + np.repeat([0, 4], 80)
    topics = topic_groups(words, cache.embeddings(), duplicates, 0)
    assert len(topics) == len(headlines)
    for group in range(8):
        assert len(set(topics[duplicates == group])) == 1
    assert not set(topics[:80]) & set(topics[80:])


def test_an_auxiliary_table_with_other_sections_is_trained_on_and_named(tables: Path) -> None:
    other = pd.read_csv("train.tsv", sep="\t")
    other["section"] = other["section"].map({"경제": "money", "연예": "show", "스포츠": "sport"})
    other.to_csv("other.tsv", sep="\t", index=False)
    for name, auxiliary in (("alone", ""), ("helped", '"other.tsv"')):
        Path(f"{name}.toml").write_text(CONFIG.format(auxiliary=auxiliary), encoding="utf-8")
        train(f"{name}.toml")
    alone, helped = Model.load("models/alone"), Model.load("models/helped")
    assert helped.about["helpers"] == ["other.tsv"]
    assert helped.sections == alone.sections == ("경제", "연예", "스포츠")
    assert helped.fingerprint != alone.fingerprint


def test_a_list_among_the_auxiliary_tables_is_one_table_joined_from_several(
    tables: Path, caplog: pytest.LogCaptureFixture
) -> None:
    frame = pd.read_csv("train.tsv", sep="\t", quoting=3)
    for section, rows in frame.groupby("section"):  # a file of one section alone would be refused
        rows.to_csv(f"{section}.tsv", sep="\t", index=False, quoting=3)
    text = CONFIG.format(auxiliary='["경제.tsv", "연예.tsv", "스포츠.tsv"], "train.tsv"')
    Path("helped.toml").write_text(text, encoding="utf-8")
    config = load_config("helped.toml")
    assert config.data.helpers == ["경제.tsv", "연예.tsv", "스포츠.tsv", "train.tsv"]
    with caplog.at_level("INFO"):
        corpora = load_corpora(config, tables)
    assert "auxiliary 경제.tsv, 연예.tsv, 스포츠.tsv:" in caplog.text
    joined, whole = corpora.auxiliary
    assert len(joined) == len(whole)
    assert set(zip(joined["headline"], joined["section"], strict=True)) == set(
        zip(whole["headline"], whole["section"], strict=True)
    )
    first, second = prepare(config, corpora).auxiliary
    assert sorted(first.target) == sorted(second.target)
    Path("helped.toml").write_text(CONFIG.format(auxiliary='["경제.tsv"]'), encoding="utf-8")
    with pytest.raises(DataError, match=r"auxiliary table 경제\.tsv: has one section only \(경제\)"):
        load_corpora(load_config("helped.toml"), tables)


WORDS = """word	section
배임	경제
상폐	경제
상폐	연예
전역	연예
선발승	스포츠
관함식	정치
"""


def test_words_are_learned_from_in_every_fit_and_never_scored(tables: Path, caplog: pytest.LogCaptureFixture) -> None:
    Path("words.tsv").write_text(WORDS, encoding="utf-8")
    text = CONFIG.format(auxiliary="").replace("stack", "linear_svc").replace("grid = { folds = [2] }", "min_df = [1]")
    with_words = text.replace("[search]", 'lexicon = ["words.tsv"]\n[search]', 1)
    with_words = with_words.replace("[fast]", '[labels]\ntables = { "words.tsv" = 3.0 }\n\n[fast]')
    Path("words.toml").write_text(with_words, encoding="utf-8")
    config = load_config("words.toml")
    with caplog.at_level("INFO"):
        corpora = load_corpora(config, tables)
    assert "lexicon: 1 words left out, of sections that train has not: 정치" in caplog.text
    assert list(corpora.lexicon["headline"]) == ["배임", "상폐", "상폐", "전역", "선발승"]
    data = weigh(prepare(config, corpora), config.labels, corpora.learned)
    n = len(corpora.train)
    assert list(data.scored) == list(range(n))
    assert all(set(range(n, n + 5)) <= set(learned) for learned, _ in data.folds)
    assert data.weights is not None
    assert list(data.weights) == [1.0] * n + [3.0] * 5
    doubting = config.model_copy(update={"labels": config.labels.model_copy(update={"errors": "drop"})})
    doubted = weigh(prepare(doubting, corpora), doubting.labels, corpora.learned, n_jobs=1)
    assert doubted.weights is not None
    assert list(doubted.weights[n:]) == [3.0] * 5  # words are no labels to doubt, even if they contradict each other
    train("words.toml")
    model = Model.load("models/words")
    assert model.about["helpers"] == ["words.tsv"]
    assert model.about["train_rows"] == n
    assert model.accurate.probabilities(["선발승"]).argmax() == model.sections.index("스포츠")
    Path("words.tsv").write_text("headline\tsection\n배임\t경제\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"words\.tsv: the columns are headline, section; word missing"):
        load_corpora(config, tables)


def test_sections_of_a_table_can_be_left_out(tables: Path) -> None:
    Path("less.toml").write_text(
        CONFIG.format(auxiliary="").replace("[search]", 'leave_out = { "train.tsv" = ["연예"] }\n[search]'),
        encoding="utf-8",
    )
    with pytest.raises(DataError, match="test table has sections that the training rows lack: 연예"):
        train("less.toml")
    Path("none.toml").write_text(
        CONFIG.format(auxiliary="").replace("[search]", 'leave_out = { "train.tsv" = ["세계"] }\n[search]'),
        encoding="utf-8",
    )
    with pytest.raises(DataError, match=r"no row of 'train\.tsv' in data\.train has the section 세계"):
        train("none.toml")


def test_an_auxiliary_table_of_one_section_is_refused(tables: Path) -> None:
    pd.DataFrame({"headline": ["하나", "둘"], "section": "연예"}).to_csv("one.tsv", sep="\t", index=False)
    Path("one.toml").write_text(CONFIG.format(auxiliary='"one.tsv"'), encoding="utf-8")
    with pytest.raises(DataError, match=r"auxiliary table one\.tsv: has one section only \(연예\)"):
        train("one.toml")


NAMES = """
[data]
train = ["numbered.csv", "train.tsv"]
test = "test.tsv"
{data}

[[candidates]]
estimator = "complement_nb"
features = [["chars"]]
"""


def corpora_of(tables: Path, data: str) -> Corpora:
    (tables / "names.toml").write_text(NAMES.format(data=data), encoding="utf-8")
    return load_corpora(load_config(tables / "names.toml"), tables)


def test_sections_are_renamed_as_the_config_says_in_all_tables(tables: Path, caplog: pytest.LogCaptureFixture) -> None:
    rows = pd.read_csv("train.tsv", sep="\t", quoting=3)
    numbers = {"경제": 0, "연예": 1, "스포츠": 2}
    numbered = rows.assign(topic_idx=rows["section"].map(numbers), 제목=rows["headline"] + " 속보").iloc[::2]
    numbered[["제목", "topic_idx"]].to_csv("numbered.csv", index=False)
    rows.rename(columns={"headline": "제목", "section": "topic_idx"}).to_csv("train.tsv", sep="\t", index=False)
    test = pd.read_csv("test.tsv", sep="\t", quoting=3)
    test.rename(columns={"headline": "제목", "section": "topic_idx"}).to_csv("test.tsv", sep="\t", index=False)
    names = 'names = ["금융", "TV연예", "스포츠"]'
    with caplog.at_level("INFO"):
        usual = corpora_of(tables, names)
    assert usual.sections == ("경제", "연예", "스포츠")
    assert {(folded.name, folded.into) for folded in usual.folded} >= {("0", "경제"), ("1", "연예")}
    assert "sections renamed" in caplog.text
    apart = corpora_of(tables, f'{names}\nsections = "as they are"')
    assert set(apart.sections) == {"금융", "TV연예", "경제", "연예", "스포츠"}
    own = corpora_of(tables, f'{names}\nsections = {{ "금융" = "경제", "TV연예" = "연예" }}')
    assert own.sections == ("경제", "연예", "스포츠")
    stated = corpora_of(tables, f'{names}\ncolumns = {{ headline = "제목", section = "topic_idx" }}')
    assert stated.train["headline"].tolist() == usual.train["headline"].tolist()
    with pytest.raises(DataError, match="nowhere"):
        corpora_of(tables, 'names = "nowhere.csv"')


def test_corrections_hold_against_all_other_rows_and_weigh_more(tables: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    write_config("small.toml")
    headline = pd.read_csv("train.tsv", sep="\t", quoting=3)["headline"][0]
    rows = f"headline\tsection\tcurator\n{headline}\t스포츠\t가영\n새로 붙인 제목 하나\t연예\t가영\n"
    Path("labels.tsv").write_text(rows, encoding="utf-8")
    config = load_config("small.toml").with_corrections([Path("labels.tsv")])
    train = load_corpora(config, tables).train
    assert train.loc[train["headline"] == headline, "section"].tolist() == [
        "스포츠"
    ]  # and not left out as contradictory
    assert "1 rows replaced by corrections" in caplog.text
    weights = stated_weights(train, config.labels)
    assert weights is not None
    corrected = train["table"] == str(tables / "labels.tsv")
    assert set(weights[corrected]) == {CORRECTION_WEIGHT}
    assert set(weights[~corrected]) == {1.0}
