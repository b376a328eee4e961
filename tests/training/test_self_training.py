"""Learning from unlabelled headlines."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient
from scipy import sparse

from classifier.errors import ConfigError, DataError
from classifier.model.model import Model
from classifier.paths import store_address
from classifier.training import distill as distill_module
from classifier.training import self_training
from classifier.training.config import Candidate
from classifier.training.dataset import TrainingSet, section_numbers, training_set
from classifier.training.distill import fit_student, refit
from classifier.training.features import FeatureCache
from classifier.training.out_of_core.pipeline import train_stream
from classifier.training.pipeline import train
from classifier.training.search import cross_validate
from classifier.training.self_training import (
    OWN,
    SIMILAR,
    STEPS,
    WEIGHT,
    SelfTrained,
    Unlabelled,
    learn_unlabelled,
    neighbours,
    propagated,
    shares,
)
from tests.cli.test_cli import run
from tests.conftest import write_config
from tests.training.test_pipeline import runs_of

Sample = dict[str, list[tuple[str, str]]]
SECTIONS = ("경제", "연예", "스포츠")
CANDIDATE = Candidate(
    estimator="linear_svc", features=("chars", "nospace"), min_df=1, block_weights={}, parameters={"C": 0.3}
)


@pytest.fixture(scope="module")
def rows(sample: Sample) -> tuple[TrainingSet, Unlabelled]:
    """A few labelled headlines of three sections, and many without labels."""
    of_three = [[row for row in sample["train"] if row[1] == section] for section in SECTIONS]
    labelled = [row for of_one in of_three for row in of_one[:60]]
    target = section_numbers([section for _, section in labelled], SECTIONS)
    data = training_set([headline for headline, _ in labelled], target, SECTIONS, CANDIDATE.features, 2)
    headlines = [headline for of_one in of_three for headline, _ in of_one[60:160]]
    return data, Unlabelled(headlines, 300, 0)


@pytest.fixture(scope="module")
def learned(rows: tuple[TrainingSet, Unlabelled]) -> SelfTrained:
    data, unlabelled = rows
    return learn_unlabelled(CANDIDATE, data, unlabelled, temperature=0.4, n_jobs=1)


def test_every_headline_gets_a_label_and_weighs_as_much_as_its_section_allows(
    rows: tuple[TrainingSet, Unlabelled], learned: SelfTrained
) -> None:
    data, unlabelled = rows
    found = learned
    assert sum(found.labels.values()) == 300
    assert all(found.labels.values())
    n = len(data.target)
    assert found.data.headlines[:n] == data.headlines
    assert set(found.data.headlines[n:]) <= set(unlabelled.headlines)
    assert len(found.data.headlines) == len(found.data.target) == found.data.counts["chars"].shape[0]
    weights = found.data.weights
    assert (weights[:n] == 1).all()
    for section, (name, taken) in enumerate(found.labels.items()):
        (weight,) = np.unique(weights[n:][(weights[n:] > 0) & (found.data.target[n:] == section)])
        assert weight == pytest.approx(min(WEIGHT, 60 / taken)), name
    assert (weights[n:] > 0).sum() == 300
    truth = dict.fromkeys(unlabelled.headlines[:100], 0) | dict.fromkeys(unlabelled.headlines[100:200], 1)
    taken_rows = np.flatnonzero(weights[n:]) + n
    right = [truth.get(found.data.headlines[i], 2) == found.data.target[i] for i in taken_rows]
    assert np.mean(right) > 0.7, "many more of the labels are right than the third that chance would make so"


HEADLINES = [
    "코스피 외국인 매수에 장중 연고점 돌파",
    "코스피 연고점 돌파, 외국인 매수 이어져",
    "외국인 매수에 코스피 장중 최고",
    "손흥민 멀티골로 팀 승리 이끌어",
]


def test_neighbours_are_headlines_with_n_grams_in_common() -> None:
    near = neighbours(HEADLINES).toarray()
    np.testing.assert_allclose(near, near.T, rtol=1e-5)
    assert (near.diagonal() == 0).all()
    assert (near[:3, :3] + np.eye(3) > 0).all()
    assert (near[3] == 0).all()
    assert near[near > 0].min() >= SIMILAR**2


def test_neighbours_are_the_same_in_chunks_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = neighbours(HEADLINES).toarray()
    monkeypatch.setattr(self_training, "_CHUNK", 3)
    np.testing.assert_allclose(neighbours(HEADLINES).toarray(), whole)


def test_n_grams_that_many_headlines_have_make_no_neighbours() -> None:
    common = [f"{chr(0xAC00 + 7 * i)}{chr(0xB000 + 11 * i)} 특파원보고서" for i in range(60)]
    assert neighbours(common[:10]).nnz == 10 * 9
    assert neighbours(common).nnz == 0


@pytest.mark.parametrize("headlines", [["[속보]"], ["[단독]", "[속보]"], ["가"] * 20, ["코스피 상승"]])
def test_headlines_without_anything_in_common_have_no_neighbours(headlines: list[str]) -> None:
    near = neighbours(headlines)
    assert near.shape == (len(headlines), len(headlines))
    assert near.nnz == 0


def test_neighbours_outvote_an_unsure_headline_and_leave_a_lonely_one_alone() -> None:
    probabilities = np.array([[0.4, 0.6], [0.9, 0.1], [0.95, 0.05], [0.02, 0.98]])
    assert probabilities.argmax(axis=1).tolist() == [1, 0, 0, 1]
    assert propagated(probabilities, neighbours(HEADLINES)).tolist() == [0, 0, 0, 1]


def test_propagation_is_the_weighed_mean_of_a_headline_and_its_neighbours() -> None:
    rng = np.random.default_rng(0)
    near = neighbours(HEADLINES)
    checked = 0
    for _ in range(50):
        own = rng.dirichlet(np.ones(3) / 2, len(HEADLINES))
        answers = own
        for _ in range(STEPS):
            answers = [
                np.average([own[i], *answers], axis=0, weights=[OWN, *near[[i]].toarray()[0]])
                for i in range(len(HEADLINES))
            ]
        if (shares(own) > 0.1).all():
            assert propagated(own, near).tolist() == np.argmax(answers, axis=1).tolist()
            checked += 1
    assert checked > 10


def test_a_section_that_the_headlines_do_not_have_is_nobodys() -> None:
    rng = np.random.default_rng(0)
    truth = np.repeat([0, 1], 500)
    probabilities = np.full((1000, 3), 0.05)
    probabilities[np.arange(1000), np.where(rng.random(1000) < 0.85, truth, 1 - truth)] = 0.9
    mistaken = rng.choice(1000, 40, replace=False)  # for a section that no headline has
    probabilities[mistaken] = np.where(np.arange(3) == truth[mistaken, None], 0.35, [0.05, 0.05, 0.6])
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(shares(probabilities).sum(), 1)
    assert (probabilities.argmax(axis=1) == 2).mean() == 0.04
    assert shares(probabilities)[2] < 0.02
    given = propagated(probabilities, sparse.csr_array((1000, 1000)))
    assert set(given) == {0, 1}
    assert (given[mistaken] == truth[mistaken]).all()


def test_few_headlines_make_no_section_absent() -> None:
    probabilities = np.array([[0.9, 0.05, 0.05]] * 9 + [[0.2, 0.75, 0.05]])
    given = propagated(probabilities, sparse.csr_array((10, 10)))
    assert given.tolist() == [0] * 9 + [1]


def test_of_many_sections_a_small_one_is_not_absent() -> None:
    rng = np.random.default_rng(0)
    truth = rng.choice(20, 4000, p=[0.012] + [0.988 / 19] * 19)
    probabilities = np.full((4000, 20), 0.001)
    probabilities[np.arange(4000), truth] = 0.981
    assert shares(probabilities)[0] < 0.025
    np.testing.assert_array_equal(propagated(probabilities, sparse.csr_array((4000, 4000))), truth)


def test_shares_are_those_of_the_headlines() -> None:
    """Probabilities of a model that takes all sections for equally frequent, of headlines that have them otherwise."""
    rng = np.random.default_rng(0)
    truth = rng.choice(3, 20_000, p=[0.7, 0.25, 0.05])
    seen = rng.normal(truth, 0.7)
    density = np.exp(-((seen[:, None] - np.arange(3)) ** 2) / (2 * 0.7**2))
    found = shares(density / density.sum(axis=1, keepdims=True))
    np.testing.assert_allclose(found, [0.7, 0.25, 0.05], atol=0.02)


def test_folds_are_tested_on_labelled_rows_whose_labels_had_no_part_in_the_new_ones(
    rows: tuple[TrainingSet, Unlabelled], learned: SelfTrained
) -> None:
    data, unlabelled = rows
    before = learned
    for (_, test), (_, own) in zip(before.data.folds, data.folds, strict=True):
        np.testing.assert_array_equal(test, own)

    def new_rows(found: SelfTrained, fold: int) -> set[tuple[str, int]]:
        _, weights = found.data.part(fold)
        new = np.flatnonzero(weights[len(data.target) :]) + len(data.target)
        return {(found.data.headlines[i], int(found.data.target[i])) for i in new}

    changed = data.target.copy()
    changed[data.folds[0][1]] = (changed[data.folds[0][1]] + 1) % len(SECTIONS)
    after = learn_unlabelled(CANDIDATE, replace(data, target=changed), unlabelled, temperature=0.4, n_jobs=1)
    assert new_rows(before, 0) == new_rows(after, 0)
    assert new_rows(before, 1) != new_rows(after, 1)


def test_new_rows_of_a_section_never_outweigh_its_labelled_ones(rows: tuple[TrainingSet, Unlabelled]) -> None:
    data, _ = rows
    few = data.take(np.flatnonzero(np.arange(len(data.target)) % 60 < 6), 2)
    headlines = [headline for i, headline in enumerate(data.headlines) if i % 60 >= 6 and i < 120]  # no 스포츠
    found = learn_unlabelled(CANDIDATE, few, Unlabelled(headlines, 108, 0), temperature=0.4, n_jobs=1).data
    n = len(few.target)
    weighed = np.bincount(found.target[n:], found.weights[n:], len(SECTIONS))
    assert (weighed <= 6 + 1e-9).all()
    assert (weighed > 5).any()


def test_new_rows_weigh_the_mean_of_the_labelled_ones_that_count(rows: tuple[TrainingSet, Unlabelled]) -> None:
    data, unlabelled = rows
    own = np.tile([0.0, 1.0, 3.0], 60)
    weighed = replace(data, weights=own, fold_weights=[own, own])
    few = Unlabelled(unlabelled.headlines[::10], 30, 0)
    n = len(data.target)
    found = learn_unlabelled(CANDIDATE, weighed, few, temperature=0.4, n_jobs=1).data
    np.testing.assert_array_equal(found.weights[:n], own)
    assert set(found.weights[n:]) <= {0.0, 2 * WEIGHT}


def test_a_fold_without_labels_of_its_own_learns_from_labelled_rows_alone(
    rows: tuple[TrainingSet, Unlabelled],
) -> None:
    data, unlabelled = rows
    five = training_set(data.headlines, data.target, SECTIONS, CANDIDATE.features, 5)
    found = learn_unlabelled(CANDIDATE, five, unlabelled, temperature=0.4, n_jobs=1).data
    new = [found.part(fold)[1][len(data.target) :] for fold in range(5)]
    assert [bool(weights.any()) for weights in new] == [True, True, True, False, False]


def test_the_fast_tier_learns_each_headline_once_whatever_its_labels(rows: tuple[TrainingSet, Unlabelled]) -> None:
    data, unlabelled = rows
    found = learn_unlabelled(CANDIDATE, data, unlabelled, temperature=0.4, n_jobs=1).data
    assert len(found.headlines) > len(data.headlines) + 300, "some headlines have different labels in different fits"
    result = cross_validate(CANDIDATE, data)
    cache = FeatureCache(None)
    seen: list[int] = []

    def counting(counts: sparse.csr_array, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        seen.append(counts.shape[0])
        return fit_student(counts, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distill_module, "fit_student", counting)
        distill_module.distill(result, refit(result, found), found, cache, n_jobs=1)
    assert seen[-1] == 2 * len(data.headlines) + 300


def crawl(home: Path, sample: Sample) -> None:
    """Write headlines without labels into a packed text and a table, and copies of test and training rows."""
    of_three = [[headline for headline, section in sample["train"] if section == wanted] for wanted in SECTIONS]
    others = [headline for three in zip(*of_three, strict=False) for headline in three][360:860]
    lines = others[:400]
    tested = pd.read_csv(home / "test.tsv", sep="\t", quoting=3)["headline"].tolist()
    text = "\n".join([*lines, "", f"{tested[0]}!", *lines[:3]])
    (home / "crawl.txt.gz").write_bytes(gzip.compress(text.encode()))
    frame = pd.DataFrame({"제목": [tested[1], *others[400:]], "분류": ""})
    frame.to_csv(home / "crawl.csv", index=False)


def with_crawl(name: str, *files: str) -> str:
    """Write a config that learns from unlabelled files too."""
    path = Path(write_config(name, "linear_svc", '[["chars"]]'))
    text = path.read_text(encoding="utf-8").replace("[search]", f"unlabelled = {json.dumps(files)}\n[search]")
    path.write_text(text.replace("distil = false", "distil = true"), encoding="utf-8")
    return name


def test_a_training_reports_what_it_took_and_what_it_gained(tables: Path, sample: Sample) -> None:
    few = pd.read_csv("train.tsv", sep="\t", quoting=3).groupby("section").head(25)
    few.to_csv("train.tsv", sep="\t", index=False, quoting=3)
    crawl(tables, sample)
    done = run("train", with_crawl("crawl.toml", "crawl.txt.gz", "crawl.csv"), cwd=tables)
    assert done.returncode == 0, done.stderr.decode()
    assert "unlabelled: 505 rows" in done.stdout.decode()
    assert "against labelled rows alone" in done.stdout.decode()
    assert "unlabelled: 경제" in done.stderr.decode()

    (search,) = runs_of("crawl", "search")
    record = json.loads(
        Path(MlflowClient(store_address()).download_artifacts(search.info.run_id, "unlabelled.json")).read_text("utf-8")
    )
    figures = search.data.metrics
    assert figures["unlabelled_rows"] == record["unlabelled_rows"] == 505
    assert figures["unlabelled_near_duplicates"] >= 2, "those of the test table"
    assert figures["unlabelled_taken"] == sum(record["labels"].values())
    assert search.data.params["unlabelled"] == "crawl.txt.gz, crawl.csv"
    gain = figures["test_macro_f1_gain_of_unlabelled"]
    assert gain > 0.01
    assert "learned without labels from **crawl.csv**" in search.data.tags["mlflow.note.content"]
    model = Model.load("models/crawl")
    assert model.about["cross_validation"]["n"] == len(few), "candidates are compared on labelled rows"
    assert model.about["unlabelled"] == ["crawl.txt.gz", "crawl.csv"]
    assert model.fast is not None


def test_unlabelled_files_that_cannot_be_learned_from_are_refused(tables: Path) -> None:
    with pytest.raises(DataError, match=r"data\.unlabelled: test\.tsv: 180 rows, and no headline that is not in"):
        train(with_crawl("same.toml", "test.tsv"))
    with pytest.raises(DataError, match=r"'absent\.txt' is neither a dataset"):
        train(with_crawl("absent.toml", "absent.txt"))
    Path("crawl.txt").write_bytes("코스피 상승 마감\n\n***\n".encode() + b"\xff\xfe\xfa\n")
    with pytest.raises(DataError, match=r"crawl\.txt: 2 bad rows.*(?s:.*)row 3: no letter or digit in the headline"):
        train(with_crawl("bad.toml", "crawl.txt"))
    with pytest.raises(ConfigError, match=r"data\.unlabelled needs the rows in memory"):
        train_stream(with_crawl("stream.toml", "crawl.txt"))


def test_of_too_many_headlines_the_same_are_drawn_in_any_order(monkeypatch: pytest.MonkeyPatch) -> None:
    headlines = [f"{i}번째 제목" for i in range(500)]
    monkeypatch.setattr(self_training, "MOST", 100)
    drawn = self_training._drawn(headlines)
    assert len(drawn) == 100
    assert self_training._drawn(reversed(headlines)) == drawn
    assert set(drawn) != set(headlines[:100])
