from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import re
import subprocess
import sys
import threading
import zlib
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.naive_bayes import ComplementNB

from classifier.errors import ModelError
from classifier.evaluation.metrics import score
from classifier.model.artefact import signed
from classifier.model.blocks import BITS
from classifier.model.calibration import Calibration
from classifier.model.fast import FastModel
from classifier.model.linear import LinearModel, Weights
from classifier.model.model import Model
from classifier.prediction.classifier import Classifier
from classifier.text.morphemes import EQUAL_VERSIONS, WORDS, _warn_of_version, kiwi_versions
from classifier.text.user_words import UserWords
from classifier.training.compile import compile_model
from classifier.training.estimators import make_estimator
from classifier.training.features import FeatureCache, HeadlineFeatures

TEMPERATURE = 0.4
PLAIN = ("chars", "morphemes")


@pytest.fixture(scope="module")
def counted(sample):
    """Counts of some training headlines and of all test headlines, with the sections' numbers."""
    train = sample["train"][::4]
    sections = sorted({section for _, section in train})
    target = np.array([sections.index(section) for _, section in train])
    count = FeatureCache(None).counts
    blocks = [*PLAIN, "embeddings"]
    texts = [headline for headline, _ in sample["test"]]
    return count([headline for headline, _ in train], blocks), target, sections, texts, count(texts, blocks)


def tiny(seed=0, columns=3):
    """A model with a few random weights, for what depends on files alone."""
    rng = np.random.default_rng(seed)
    weights = Weights(
        np.sort(rng.choice(1 << 22, columns, replace=False)).astype(np.int32),
        np.ones(columns, np.float32),
        rng.normal(size=(columns, 2)).astype(np.float32),
    )
    linear = LinearModel.of_blocks(("정치", "경제"), np.array([0.1, -0.1], np.float32), {"chars": weights})
    return Model(("정치", "경제"), linear, about={"name": f"m{seed}"})


def tiny_with_words(*forms):
    """A model whose one weight is that of the morpheme 엘지솔루션/NNP."""
    words = UserWords(tuple((form, "NNP", 0.0) for form in forms))
    column = np.array([zlib.crc32("엘지솔루션/NNP".encode()) >> (32 - BITS)], np.int32)
    weights = Weights(column, np.ones(1, np.float32), np.array([[1.0, -1.0]], np.float32))
    linear = LinearModel.of_blocks(("정치", "경제"), np.zeros(2, np.float32), {"morphemes": weights})
    return Model(linear.sections, dataclasses.replace(linear, words=words))


def tiny_with_fast(seed=0, threshold=0.5):
    """The same with a fast model beside it."""
    rng = np.random.default_rng(seed)
    weights, frequency = rng.normal(size=(1 << 8, 2)), rng.integers(0, 9, 1 << 8)
    fast = FastModel.quantize(
        ("정치", "경제"), weights, rng.normal(size=2), {"nospace": (1, 4), "chars": (2, 3)}, frequency
    )
    return tiny(seed).replace(fast=fast.calibrated(Calibration(), threshold))


def read_manifest(folder):
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))


def change_manifest(folder, part=None, **changes):
    """Change values, of a part or at the top, and sign the manifest: what a program would write, not damage."""
    values = read_manifest(folder)
    (values if part is None else values[part]).update(changes)
    (folder / "manifest.json").write_text(json.dumps(signed(values)), encoding="utf-8")


def array_file(folder, name="table"):
    (path,) = folder.glob(f"{name}-*.npy")
    return path


@pytest.mark.parametrize(
    ("name", "blocks", "parameters"),
    [
        ("nbsvm", PLAIN, {}),
        ("linear_svc", PLAIN, {}),
        ("logistic_regression", PLAIN, {"C": 1.0}),
        ("complement_nb", PLAIN, {}),
        ("linear_svc", (*PLAIN, "embeddings"), {}),
    ],
)
def test_a_compiled_model_answers_like_scikit_learn(counted, name, blocks, parameters):
    train, target, sections, texts, test = counted
    vectors = np.random.default_rng(0).normal(scale=0.1, size=(WORDS, 16)).astype(np.float32)
    features = HeadlineFeatures(
        blocks, min_df=2, block_weights={"embeddings": 2.0, blocks[0]: 0.5}, embeddings=vectors
    ).fit(train)
    estimator = make_estimator(name, parameters, 0).fit(features.transform(train), target)
    model = compile_model(features, estimator, sections, TEMPERATURE)

    matrix = features.transform(test)
    way = estimator.predict_joint_log_proba if isinstance(estimator, ComplementNB) else estimator.decision_function
    found = model.probabilities(texts)
    np.testing.assert_allclose(found, softmax(way(matrix) / TEMPERATURE, axis=1), atol=1e-4)
    assert found.argmax(axis=1).tolist() == estimator.predict(matrix).tolist()
    np.testing.assert_allclose(model.scores(texts)[0].sum(axis=1), 0, atol=1e-3)


def test_a_model_of_two_sections_answers_like_scikit_learn(counted):
    train, target, sections, texts, test = counted
    rows = np.flatnonzero(target < 2)
    train = {"chars": train["chars"][rows]}
    features = HeadlineFeatures(["chars"]).fit(train)
    estimator = make_estimator("logistic_regression", {}, 0).fit(features.transform(train), target[rows])
    model = compile_model(features, estimator, sections[:2], 1.0)
    np.testing.assert_allclose(model.probabilities(texts), estimator.predict_proba(features.transform(test)), atol=1e-4)


def test_what_was_saved_is_what_is_loaded(clf, sample, tmp_path):
    texts = [headline for headline, _ in sample["test"]]
    loaded = Model.load(clf.model.save(tmp_path / "m"))
    assert loaded.fingerprint == clf.model.fingerprint
    assert loaded.sections == clf.model.sections
    assert loaded.about == clf.model.about
    assert np.array_equal(loaded.accurate.probabilities(texts), clf.model.accurate.probabilities(texts))


def test_one_headline_gets_the_same_answer_alone_and_among_many(clf, sample):
    texts = [headline for headline, _ in sample["test"][::20]]
    alone = np.vstack([clf.model.accurate.probabilities([text]) for text in texts])
    np.testing.assert_allclose(clf.model.accurate.probabilities(texts), alone, atol=1e-6)


def test_nothing_known_is_said_to_be_unknown(clf):
    logits, has_features = clf.model.accurate.scores(["", "…", "국회 본회의 개의"])
    assert has_features.tolist() == [False, False, True]
    assert np.array_equal(logits[0], clf.model.accurate.intercept)
    assert clf.model.accurate.probabilities([]).shape == (0, len(clf.sections))


def test_a_model_keeps_the_words_with_which_kiwi_reads(tmp_path):
    model, without = tiny_with_words("엘지솔루션"), tiny_with_words()
    model.save(tmp_path)
    assert list(tmp_path.glob("user_words-*.npy"))
    loaded = Model.load(tmp_path, lazy=True)
    assert loaded.fingerprint == model.fingerprint
    assert len({model.fingerprint, without.fingerprint, tiny_with_words("다른낱말").fingerprint}) == 3
    headlines = ["엘지솔루션 상장", "국회 개회"]
    assert loaded.accurate.words == model.accurate.words
    assert loaded.accurate.scores(headlines)[0].tolist() == model.accurate.scores(headlines)[0].tolist()
    for one in headlines:
        assert loaded.accurate.scores([one])[0].tolist() == model.accurate.scores([one])[0].tolist()
    assert loaded.accurate.scores(headlines)[1].tolist() == [True, False]
    assert without.accurate.scores(headlines)[1].tolist() == [False, False]
    loaded.with_about(name="x").save(tmp_path)
    assert Model.load(tmp_path).accurate.words == model.accurate.words
    path = next(tmp_path.glob("user_words-*.npy"))
    path.write_bytes(path.read_bytes().replace(b"NNP", b"NNG"))
    with pytest.raises(ModelError, match="user_words"):
        Model.load(tmp_path)


def test_the_fingerprint_tells_models_apart():
    assert tiny(0).fingerprint == tiny(0).fingerprint != tiny(1).fingerprint
    assert tiny(0).with_about(name="x").fingerprint == tiny(0).fingerprint


def test_loading_and_predicting_imports_no_training_library(clf, tmp_path):
    clf.model.save(tmp_path)
    code = (
        "import sys; from classifier import Classifier; "
        "print(Classifier.load(sys.argv[1]).predict(['국회 본회의 개의'])[0].section); "
        "print(sorted({'sklearn', 'mlflow', 'pandas', 'joblib', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", code, tmp_path],
        capture_output=True,
        check=True,
        text=True,
        encoding="utf-8",
        timeout=60,
    )
    assert done.stdout.splitlines() == [clf.predict(["국회 본회의 개의"])[0].section, "[]"]


class Trap:
    """Unpickled, it leaves a file behind."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_a_pickled_array_is_refused_and_not_executed(tmp_path):
    folder = tiny().save(tmp_path / "m")
    sprung = tmp_path / "sprung"
    content = io.BytesIO()
    np.save(content, np.array([Trap(sprung)], object), allow_pickle=True)
    digest = hashlib.sha256(content.getvalue()).hexdigest()
    (folder / f"table-{digest[:16]}.npy").write_bytes(content.getvalue())
    change_manifest(folder, "accurate", table=digest)
    with pytest.raises(ModelError, match="damaged"):
        Model.load(folder)
    assert not sprung.exists()


def answers(folder):
    """What a model's folder answers by every tier."""
    model = Model.load(folder, lazy=True)
    texts = ["코스피 상승 마감", "국회 본회의 개의", "!!!"]
    return [model.scorer(tier).scores(texts)[0].tolist() for tier in model.tiers]


def damage(content, dice):
    """Flip a byte, cut the end off, put zeros into a stretch, or put in another stretch of the same file."""
    kind, start = dice.integers(4), int(dice.integers(len(content)))
    if kind == 0:
        return content[:start] + bytes([content[start] ^ int(dice.integers(1, 256))]) + content[start + 1 :]
    if kind == 1:
        return content[:start]
    end = min(len(content), start + int(dice.integers(1, 64)))
    other = int(dice.integers(len(content) - (end - start) + 1))
    return content[:start] + (bytes(end - start) if kind == 2 else content[other:][: end - start]) + content[end:]


def test_damage_is_refused_or_without_effect(tmp_path):
    dice = np.random.default_rng(0)
    folder = tiny_with_fast().save(tmp_path)
    expected = answers(folder)
    files = {path: path.read_bytes() for path in folder.iterdir()}
    refused, wrong = 0, []
    for trial in range(500):
        path = list(files)[dice.integers(len(files))]
        other = list(files)[dice.integers(len(files))]
        damaged = files[other] if trial % 10 == 0 else damage(files[path], dice)  # every tenth: swapped files
        path.write_bytes(damaged)
        try:
            if answers(folder) != expected:
                wrong.append((trial, path.name, "other answers"))
        except ModelError:
            refused += 1
        except Exception as error:
            wrong.append((trial, path.name, repr(error)))
        path.write_bytes(files[path])
    assert wrong == []
    assert refused > 350  # what is left: the card, and damage that changes nothing


def test_a_damaged_file_is_named_with_both_checksums(tmp_path):
    path = array_file(tiny().save(tmp_path))
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    with pytest.raises(ModelError, match=rf"{path.name}: damaged \(its SHA-256 is \w+…, the manifest says .*restore"):
        Model.load(tmp_path)


def test_a_damaged_array_is_refused_whenever_it_is_asked_for(tmp_path):
    path = array_file(tiny_with_fast().save(tmp_path))
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    lazy = Model.load(tmp_path, lazy=True)
    for _ in range(3):
        with pytest.raises(ModelError, match=f"{path.name}: damaged"):
            _ = lazy.accurate


def test_a_missing_array_is_named(tmp_path):
    folder = tiny().save(tmp_path)
    path = array_file(folder)
    path.unlink()
    with pytest.raises(ModelError, match=f"{path.name}, which is not there.*train again"):
        Model.load(folder)


def test_an_empty_folder_says_how_to_make_a_model(tmp_path):
    with pytest.raises(ModelError, match=r"no model there.*`classifier train`"):
        Model.load(tmp_path)
    with pytest.raises(ModelError, match="no model there"):
        Model.load(tmp_path / "nowhere")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"5", b'"text"', b"null", b"{}", b"\xff\xfe"])
def test_a_manifest_that_is_none_is_a_model_error(tmp_path, content):
    folder = tiny().save(tmp_path)
    (folder / "manifest.json").write_bytes(content)
    with pytest.raises(ModelError, match="damaged"):
        Model.load(folder)


@pytest.mark.parametrize("key", ["sections", "accurate", "fast", "settings", "about", "fingerprint"])
def test_every_value_of_the_manifest_is_under_its_checksum(tmp_path, key):
    folder = tiny().save(tmp_path)
    for values in ({key: "changed"}, {}):
        changed = {k: v for k, v in read_manifest(folder).items() if k != key} | values
        (folder / "manifest.json").write_text(json.dumps(changed), encoding="utf-8")
        with pytest.raises(ModelError, match="damaged"):
            Model.load(folder)


@pytest.mark.parametrize(
    ("part", "changes"),
    [
        (None, {"sections": 5}),
        (None, {"sections": ["정치"]}),
        (None, {"sections": ["정치", "경제", "사회"]}),
        (None, {"accurate": 5}),
        (None, {"accurate": {}}),
        (None, {"accurate": None}),
        (None, {"about": None}),
        (None, {"about": "text"}),
        (None, {"settings": 5}),
        ("accurate", {"blocks": 5}),
        ("accurate", {"blocks": {"chars": 3, "jamo": 0, "chars ": 0}}),
        ("accurate", {"blocks": {"bigrams": 3}}),
        ("accurate", {"blocks": {"chars": 2}}),
        ("accurate", {"blocks": {"chars": "3"}}),
        ("accurate", {"intercept": [0.0]}),
        ("accurate", {"intercept": "x"}),
        ("accurate", {"table": 5}),
        ("accurate", {"table": "../x"}),
        ("accurate", {"table": "é" * 64}),
        ("accurate", {"more": 1}),
        ("fast", {"step": [1.0]}),
        ("fast", {"intercept": "x"}),
        ("fast", {"ngram_ranges": {"nospace": [1, 9]}}),
        ("fast", {"ngram_ranges": 5}),
        ("fast", {"threshold": None}),
        ("fast", {"step": None}),
    ],
    ids=str,
)
def test_a_manifest_that_does_not_fit_is_a_model_error(tmp_path, part, changes):
    folder = (tiny_with_fast() if part == "fast" else tiny()).save(tmp_path)
    change_manifest(folder, part, **changes)
    with pytest.raises(ModelError, match=r"damaged|do not fit"):
        Model.load(folder)


@pytest.mark.parametrize("columns", [[-1, 5, 6], [5, 6, 1 << 22], [5, 5, 6], [6, 5, 7]])
def test_columns_that_a_block_does_not_have_are_refused(columns):
    weights = Weights(np.array(columns, np.int32), np.ones(3, np.float32), np.ones((3, 2), np.float32))
    with pytest.raises(ValueError, match="columns that chars does not have, or not in order"):
        LinearModel.of_blocks(("정치", "경제"), np.zeros(2, np.float32), {"chars": weights})


@pytest.mark.parametrize(
    ("part", "changes"),
    [
        (None, {"normalizer": 999}),
        (None, {"format": 999}),
        (None, {"hashing": 999}),
        ("accurate", {"kiwi": "kiwipiepy 0.1, model 0.1"}),
    ],
    ids=str,
)
def test_a_model_made_for_other_versions_says_what_to_do(tmp_path, part, changes):
    folder = tiny().save(tmp_path)
    change_manifest(folder, part, **changes)
    with pytest.raises(
        ModelError, match=r"made for .*(999|model 0\.1).*but here is .*train again, or install the versions"
    ):
        Model.load(folder)


def test_another_kiwi_is_noticed_on_loading_and_not_in_the_middle_of_a_run(tmp_path):
    folder = tiny_with_fast().save(tmp_path)
    change_manifest(folder, "accurate", kiwi="kiwipiepy 0.1, model 0.1")
    assert Classifier.load(folder, "fast").tier == "fast"
    for tier in (None, "cascade", "accurate"):
        with pytest.raises(ModelError, match="made for"):
            Classifier.load(folder, tier)


def test_a_kiwi_that_reads_alike_is_let_through_with_a_warning(tmp_path, caplog):
    _warn_of_version.cache_clear()  # it warns once a process
    other = next(iter(EQUAL_VERSIONS - {version("kiwipiepy")}))
    folder = tiny_with_words("엘지솔루션").save(tmp_path)
    change_manifest(folder, "accurate", kiwi=kiwi_versions().replace(version("kiwipiepy"), other, 1))
    assert Classifier.load(folder).predict(["엘지솔루션 상장"])[0].section == "정치"
    assert [other in record.getMessage() for record in caplog.records] == [True]


def test_a_model_of_the_format_before_says_what_to_do(tmp_path):
    old = {"format": 1, "normalizer": 2, "hashing": 2, "sections": ["정치"], "weights": "weights-00.npz"}
    (tmp_path / "manifest.json").write_text(json.dumps(old), encoding="utf-8")
    with pytest.raises(ModelError, match=r"made for .*'format': 1.*train again"):
        Model.load(tmp_path)


@pytest.mark.parametrize("mapped", [False, True])
def test_mapped_arrays_answer_the_same_also_after_a_replacement(tmp_path, mapped):
    model = tiny_with_fast()
    found = Model.load(model.save(tmp_path), mapped=mapped)
    tiny(5).save(tmp_path)
    assert np.array_equal(found.accurate.table, model.accurate.table)
    assert not found.accurate.table.flags.writeable
    texts = ["코스피 상승 마감"] * 3
    assert np.array_equal(found.scorer().scores(texts)[0], model.scorer().scores(texts)[0])


def test_saving_leaves_one_set_of_weights_and_no_scraps(tmp_path):
    tiny(0).save(tmp_path)
    tiny(1).save(tmp_path)
    tiny(1).save(tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert [re.sub("-[0-9a-f]{16}", "", name) for name in names] == [
        "README.md", "columns.npy", "manifest.json", "table.npy",
    ]  # fmt: skip


def test_readers_see_one_model_or_the_other_while_they_alternate(tmp_path):
    models = [tiny(0, 20_000), tiny(1, 20_000)]
    allowed = {model.fingerprint for model in models}
    models[0].save(tmp_path)
    done = threading.Event()
    seen, failures = [set(), set()], []

    def read(mine):
        while not done.is_set():
            try:
                mine.add(Model.load(tmp_path).fingerprint)
            except Exception as error:
                failures.append(repr(error))

    readers = [threading.Thread(target=read, args=(mine,)) for mine in seen]
    for reader in readers:
        reader.start()
    try:
        for i in range(30):
            models[(i + 1) % 2].save(tmp_path)
    finally:
        done.set()
        for reader in readers:
            reader.join()
    assert failures == []
    assert all(mine and mine <= allowed for mine in seen)


def test_the_model_card_names_sections_and_figures(tmp_path):
    figures = score(np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]]), np.array([0, 1, 1]), ("정치", "경제"))
    about = {
        "name": "작은 모형",
        "candidate": "linear_svc chars",
        "train": ["sample:train"],
        "train_rows": 5793,
        "licences": ["CC0-1.0"],
        "test_table": "sample:test",
        "test": figures.to_dict(),
    }
    card = (tiny().with_about(**about).save(tmp_path) / "README.md").read_text(encoding="utf-8")
    assert card.startswith("# 작은 모형\n")
    for fact in ("정치, 경제", "linear_svc chars on chars", "sample:train (5,793 headlines)", "CC0-1.0"):
        assert fact in card
    assert "Figures on sample:test (3 headlines" in card
    assert f"macro-F1 {figures.macro_f1:.4f}, accuracy 0.6667" in card
    assert "| 정치 | 0.500 | 1.000 | 0.667 | 1 |" in card
    assert "| 경제 | 1.000 | 0.500 | 0.667 | 2 |" in card
    assert tiny().fingerprint in card
