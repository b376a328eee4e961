from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.naive_bayes import ComplementNB

from classifier.errors import ModelError
from classifier.evaluation.metrics import score
from classifier.model.artefact import CompiledModel, Weights
from classifier.text.morphemes import WORDS
from classifier.training.estimators import make_estimator
from classifier.training.features import FeatureCache, HeadlineFeatures
from classifier.training.search import compile_model

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
    return CompiledModel(("정치", "경제"), np.array([0.1, -0.1], np.float32), {"chars": weights}, {"name": f"m{seed}"})


def change_manifest(folder, **changes):
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8")) | changes
    path.write_text(json.dumps({k: v for k, v in manifest.items() if v != "drop me"}), encoding="utf-8")


def weights_file(folder):
    (path,) = folder.glob("weights-*.npz")
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
    loaded = CompiledModel.load(clf.model.save(tmp_path / "m"))
    assert loaded.fingerprint == clf.model.fingerprint
    assert loaded.sections == clf.model.sections
    assert loaded.about == clf.model.about
    assert np.array_equal(loaded.probabilities(texts), clf.model.probabilities(texts))
    loaded.verify(tmp_path / "m")


def test_one_headline_gets_the_same_answer_alone_and_among_many(clf, sample):
    texts = [headline for headline, _ in sample["test"][::20]]
    alone = np.vstack([clf.model.probabilities([text]) for text in texts])
    np.testing.assert_allclose(clf.model.probabilities(texts), alone, atol=1e-6)


def test_nothing_known_is_said_to_be_unknown(clf):
    logits, known = clf.model.scores(["", "…", "국회 본회의 개의"])
    assert known.tolist() == [False, False, True]
    assert np.array_equal(logits[0], clf.model.intercept)
    assert clf.model.probabilities([]).shape == (0, len(clf.sections))


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
    with np.load(weights_file(folder)) as stored:
        arrays = dict(stored) | {"intercept": np.array([Trap(sprung)], object)}
    np.savez(weights_file(folder), allow_pickle=True, **arrays)
    with pytest.raises(ModelError, match="damaged"):
        CompiledModel.load(folder)
    assert not sprung.exists()


@pytest.mark.parametrize("flip", [0xFF, 0x01, 0x20])
def test_a_changed_byte_in_the_weights_is_noticed_or_changes_nothing(tmp_path, flip):
    # Some bytes of a zip file, such as its dates, mean nothing to the arrays. Every other one must be noticed, as a
    # ModelError whatever the libraries below may raise.
    model = tiny()
    folder = model.save(tmp_path)
    path = weights_file(folder)
    content = path.read_bytes()
    noticed, unexpected = 0, []
    for i in range(len(content)):
        path.write_bytes(content[:i] + bytes([content[i] ^ flip]) + content[i + 1 :])
        try:
            changed = CompiledModel.load(folder).fingerprint != model.fingerprint
        except ModelError:
            noticed += 1
        except Exception as error:
            unexpected.append((i, repr(error)))
        else:
            if changed:
                unexpected.append((i, "other weights"))
    assert unexpected == []
    assert noticed > len(content) / 2


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_truncated_weights_are_a_model_error(tmp_path, share):
    folder = tiny().save(tmp_path)
    path = weights_file(folder)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ModelError, match="damaged"):
        CompiledModel.load(folder)


def test_missing_weights_are_named(tmp_path):
    folder = tiny().save(tmp_path)
    path = weights_file(folder)
    path.unlink()
    with pytest.raises(ModelError, match=f"{path.name}, which is not there.*train again"):
        CompiledModel.load(folder)


def test_an_empty_folder_says_how_to_make_a_model(tmp_path):
    with pytest.raises(ModelError, match=r"no model there.*`classifier train`"):
        CompiledModel.load(tmp_path)
    with pytest.raises(ModelError, match="no model there"):
        CompiledModel.load(tmp_path / "nowhere")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"5", b'"text"', b"null", b"{}", b"\xff\xfe"])
def test_a_manifest_that_is_none_is_a_model_error(tmp_path, content):
    folder = tiny().save(tmp_path)
    (folder / "manifest.json").write_bytes(content)
    with pytest.raises(ModelError, match="damaged"):
        CompiledModel.load(folder)


@pytest.mark.parametrize(
    "key", ["format", "fingerprint", "weights", "sections", "blocks", "normalizer", "kiwi", "about"]
)
def test_a_manifest_without_one_of_its_keys_is_a_model_error(tmp_path, key):
    folder = tiny().save(tmp_path)
    change_manifest(folder, **{key: "drop me"})
    with pytest.raises(ModelError, match="damaged"):
        CompiledModel.load(folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"weights": 5},
        {"weights": None},
        {"weights": ""},
        {"weights": ".."},
        {"sections": 5},
        {"sections": ["정치"]},
        {"sections": ["정치", "경제", "사회"]},
        {"blocks": 5},
        {"blocks": [["chars"]]},
        {"blocks": ["chars", "jamo"]},
        {"blocks": ["bigrams"]},
        {"about": None},
        {"about": "text"},
    ],
    ids=str,
)
def test_a_manifest_that_does_not_fit_is_a_model_error(tmp_path, changes):
    folder = tiny().save(tmp_path)
    change_manifest(folder, **changes)
    with pytest.raises(ModelError):
        CompiledModel.load(folder)


@pytest.mark.parametrize("column", [-1, 1 << 22])
def test_columns_that_a_block_does_not_have_are_a_model_error(tmp_path, column):
    model = tiny()
    columns = np.sort(np.append(model.blocks["chars"].columns[1:], np.int32(column)))
    weights = replace(model.blocks["chars"], columns=columns)
    replace(model, blocks={"chars": weights}).save(tmp_path)
    with pytest.raises(ModelError, match="columns that chars does not have"):
        CompiledModel.load(tmp_path)


@pytest.mark.parametrize("weights", ["../x.npz", "/x.npz", "sub/x.npz"])
def test_a_manifest_must_not_point_outside_its_folder(tmp_path, weights):
    folder = tiny().save(tmp_path / "m")
    (tmp_path / "x.npz").write_bytes(weights_file(folder).read_bytes())
    change_manifest(folder, weights=weights)
    with pytest.raises(ModelError, match=r"not a file in the folder\. Do not use it"):
        CompiledModel.load(folder)


@pytest.mark.parametrize(
    "changes", [{"normalizer": 999}, {"format": 999}, {"hashing": 999}, {"kiwi": "kiwipiepy 0.1, model 0.1"}]
)
def test_a_model_made_for_other_versions_says_what_to_do(tmp_path, changes):
    folder = tiny().save(tmp_path)
    change_manifest(folder, **changes)
    with pytest.raises(
        ModelError, match=r"made for .*(999|model 0\.1).*but here is .*train again, or install the versions"
    ):
        CompiledModel.load(folder)


def test_verify_notices_a_changed_fingerprint(tmp_path):
    model = tiny()
    folder = model.save(tmp_path)
    model.verify(folder)
    change_manifest(folder, fingerprint="0" * 64)
    with pytest.raises(ModelError, match=r"fingerprint is .*the manifest says 0000"):
        CompiledModel.load(folder).verify(folder)


def test_verify_notices_other_weights_under_the_same_manifest(tmp_path):
    one, other = tiny(0).save(tmp_path / "one"), tiny(1).save(tmp_path / "other")
    weights_file(one).write_bytes(weights_file(other).read_bytes())
    with pytest.raises(ModelError, match="changed after it was made"):
        CompiledModel.load(one).verify(one)


def test_verify_of_a_manifest_with_an_odd_fingerprint_is_a_model_error(tmp_path):
    folder = tiny().save(tmp_path)
    change_manifest(folder, fingerprint=5)
    with pytest.raises(ModelError):
        tiny().verify(folder)


def test_saving_leaves_one_set_of_weights_and_no_scraps(tmp_path):
    tiny(0).save(tmp_path)
    tiny(1).save(tmp_path)
    tiny(1).save(tmp_path)
    name = f"weights-{tiny(1).fingerprint[:16]}.npz"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["README.md", "manifest.json", name]


def test_readers_see_one_model_or_the_other_while_they_alternate(tmp_path):
    models = [tiny(0, 20_000), tiny(1, 20_000)]
    allowed = {model.fingerprint for model in models}
    models[0].save(tmp_path)
    done = threading.Event()
    seen, failures = [set(), set()], []

    def read(mine):
        while not done.is_set():
            try:
                mine.add(CompiledModel.load(tmp_path).fingerprint)
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
