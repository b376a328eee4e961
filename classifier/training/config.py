"""The experiment file: a strict, frozen description of one search, read from TOML."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from classifier.corpus.encoding import read_toml
from classifier.errors import ConfigError
from classifier.model.blocks import BLOCKS
from classifier.paths import REGISTERED_MODEL
from classifier.training.estimators import make_estimator
from classifier.training.features import check_blocks


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Experiment(_Strict):
    """What the experiment is called and where its winner goes."""

    title: str = ""  #: name of the experiment in MLflow; default: the file's
    description: str = ""
    registered_model: str = Field(REGISTERED_MODEL, pattern=r"^[\w.-]+$")
    replace_champion: bool = False  #: promote even if the champion's sections differ
    seed: int = 0


class ColumnNames(_Strict):
    """Which columns of the tables hold what; without them the usual names are found."""

    headline: str | None = None
    section: str | None = None
    sheet: str | None = None  #: of an Excel file


class Data(_Strict):
    """Which tables are learned from and which one is the test."""

    train: list[str] = Field(min_length=1)
    #: Entries of ``train`` that people have corrected: their section of a headline holds against all other entries.
    corrections: list[str] = []
    #: Tables of words and short phrases (column ``word``), each with the ``section`` that it speaks for: learned from
    #: in every fit, never scored. Words of other sections than those of ``train`` are left out.
    lexicon: list[str] = []
    #: Tables with sections of their own, which the estimator ``stack`` learns from too. A list within the list is one
    #: table, joined from several.
    auxiliary: list[str | Annotated[list[str], Field(min_length=1)]] = []
    #: Headlines without sections, from which the winner of the search learns too: texts with one headline a line, or
    #: tables, whose sections are not read.
    unlabelled: list[str] = []
    #: Sections whose rows are left out, by the entry of ``train`` that they are in.
    leave_out: dict[str, list[str]] = {}
    columns: ColumnNames = ColumnNames()
    #: How sections are renamed: usual spellings become canonical sections, or none is, or by a map of your own.
    sections: Literal["canonical", "as they are"] | dict[str, str] = "canonical"
    names: list[str] | str | None = None  #: of sections that are numbers: of 0, 1, 2 …, or a table of number and name
    test: str | None = None
    holdout: float | None = Field(None, gt=0, lt=1)  #: share of train held out when there is no test

    @property
    def helpers(self) -> list[str]:
        """All that helps to learn the sections of ``train`` and is not scored."""
        return [*self.lexicon, *(reference for table in self.auxiliary_tables for reference in table)]

    @property
    def auxiliary_tables(self) -> list[list[str]]:
        """The auxiliary tables, each as the list of the tables that it is joined from."""
        return [[entry] if isinstance(entry, str) else entry for entry in self.auxiliary]

    @model_validator(mode="after")
    def _one_test(self) -> Data:
        if (self.test is None) == (self.holdout is None):
            raise ValueError("give either test (a table) or holdout (a share of train), not both and not neither")
        return self


Weight = Annotated[float, Field(gt=0)]


class Labels(_Strict):
    """How much the labels of the training rows count."""

    #: Weight of a row by its evidence (item, article, block …); a row whose evidence is not named weighs 1.
    evidence: dict[str, Annotated[float, Field(ge=0)]] = {}
    #: Weight of a row by the entry of ``data.train`` that it came from, for all its sections or for each named one;
    #: multiplied with the weight of its evidence.
    tables: dict[str, Weight | dict[str, Weight]] = {}
    errors: Literal["keep", "drop", "weigh"] = "keep"  #: what is done with likely label errors
    error_weight: float = Field(0.5, gt=0, lt=1)  #: factor on the weight of a likely error, with errors = "weigh"


class Text(_Strict):
    """How headlines are read."""

    #: A table of words that Kiwi lacks: word, tag, score; see :meth:`classifier.text.user_words.UserWords.read`.
    user_words: str | None = None


#: Weight of a corrected row against one of a crawl, with ``train --add``; see experiments/benchmarks/labelling.py.
CORRECTION_WEIGHT = 3.0


class Search(_Strict):
    """How candidates are compared."""

    folds: int = Field(5, ge=2)
    #: What is never split between folds: near-duplicate headlines, or topics, which shows how a model ages.
    groups: Literal["near-duplicates", "topics"] = "near-duplicates"
    metric: Literal["macro_f1", "accuracy", "log_loss"] = "macro_f1"
    n_jobs: int = -1


class CandidateGrid(_Strict):
    """One estimator on some feature sets: every combination of the lists is a candidate."""

    estimator: str
    features: list[list[str]] = Field(min_length=1)
    min_df: list[int] = Field([1], min_length=1)
    #: Factors on the blocks' values, 1 for those that are not named.
    block_weights: list[dict[str, Weight]] = Field([{}], min_length=1)
    grid: dict[str, Annotated[list[Any], Field(min_length=1)]] = {}


class Fast(_Strict):
    """The fast tier beside the winner."""

    distil: bool = True  #: whether there is one


class Stream(_Strict):
    """How ``train --stream`` learns; the defaults were chosen on a held-out tenth of YNAT's train split."""

    passes: int = Field(2, ge=1, le=20)  #: how often every row is learned from
    bits: int = Field(20, ge=12, le=24)  #: 2**bits columns, of eight bytes each (of up to eight sections)
    rate: float = Field(0.5, gt=0)  #: AdaGrad's step
    #: Whether the rows are copied to this machine's disk. If all repeats of a headline are in one part of a table, as
    #: ``repartition`` and ``shuffle`` leave them, ``false`` reads the parts where they are, 2 + ``passes`` times.
    copy_rows: bool = True


class CalibrationConfig(_Strict):
    """The headlines for which the probabilities are calibrated."""

    publisher: Literal["same", "other"] = "same"  #: headlines like the training's, or those of publishers not seen


class Gate(_Strict):
    """Floors on the test table; below one, nothing is promoted and ``train`` exits with 1."""

    macro_f1: float = Field(0.0, ge=0, le=1)


class Candidate(_Strict):
    """One point of the search."""

    estimator: str
    features: tuple[str, ...]
    min_df: int
    block_weights: dict[str, float]  #: of those of its blocks whose weight is not 1
    parameters: dict[str, Any]

    @property
    def name(self) -> str:
        """A short readable name, such as ``nbsvm chars+0.7*morphemes C=0.1 min_df=2``."""
        facts = [f"{key}={value}" for key, value in self.parameters.items()]
        if self.min_df > 1:
            facts.append(f"min_df={self.min_df}")
        blocks = [
            f"{self.block_weights[name]:g}*{name}" if name in self.block_weights else name for name in self.features
        ]
        return " ".join([self.estimator, "+".join(blocks), *facts])

    def to_json(self) -> str:
        """Return a canonical text, equal for equal candidates."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)


#: The model that assesses labels. Of five tried on YNAT's train split with 5% of its labels flipped, it found
#: the flipped ones best (`experiments/benchmarks/label_errors.py`).
NOISE_MODEL = Candidate(
    estimator="nbsvm",
    features=("chars", "morphemes", "nospace", "embeddings"),
    min_df=2,
    block_weights={"embeddings": 0.5},
    parameters={"C": 0.05},
)


class Config(_Strict):
    """A whole experiment file."""

    name: str
    experiment: Experiment = Experiment()
    data: Data
    labels: Labels = Labels()
    text: Text = Text()
    search: Search = Search()
    candidates: list[CandidateGrid] = Field(min_length=1)
    stream: Stream | None = None  #: for a training by --stream
    fast: Fast = Fast()
    calibration: CalibrationConfig = CalibrationConfig()
    gate: Gate = Gate()

    def with_corrections(self, tables: Sequence[Path]) -> Self:
        """Return the config with tables of corrections, whose rows hold against all others and weigh more."""
        added = [str(table.expanduser().absolute()) for table in tables]
        data = {"train": [*self.data.train, *added], "corrections": [*self.data.corrections, *added]}
        weights = {"tables": self.labels.tables | dict.fromkeys(added, CORRECTION_WEIGHT)}
        return self.model_copy(
            update={"data": self.data.model_copy(update=data), "labels": self.labels.model_copy(update=weights)}
        )

    def expand(self) -> list[Candidate]:
        """Return every candidate once, in the order of the file."""
        found: list[Candidate] = []
        for entry in self.candidates:
            keys = list(entry.grid)
            for features, *values in itertools.product(entry.features, *entry.grid.values()):
                for min_df, weights in itertools.product(entry.min_df, entry.block_weights):
                    candidate = Candidate(
                        estimator=entry.estimator,
                        features=tuple(features),
                        min_df=min_df,
                        block_weights={name: weights[name] for name in features if weights.get(name, 1) != 1},
                        parameters=dict(zip(keys, values, strict=True)),
                    )
                    if candidate not in found:
                        found.append(candidate)
        return found

    def blocks(self) -> list[str]:
        """Return the names of the feature blocks that a training needs, sorted."""
        wanted = {block for candidate in self.expand() for block in candidate.features}
        if self.labels.errors != "keep":
            wanted |= set(NOISE_MODEL.features)
        if self.search.groups == "topics":
            wanted.add("embeddings")
        return sorted(wanted)


class StreamConfig(Config):
    """An experiment file with ``[stream]`` and without candidates: for ``train --stream`` alone."""

    candidates: list[CandidateGrid] = []


def load_config(path: str | Path) -> Config:
    """Read and check an experiment file; its name is the file's stem.

    Raises:
        ConfigError: the file is missing, is no TOML, or has a wrong or unknown key; all are listed.
    """
    path = Path(path).expanduser()
    content = read_toml(path, "An experiment")
    try:
        if "name" in content:
            raise ConfigError("name: Auxiliary inputs are not permitted; an experiment is called like its file.")
        kind = StreamConfig if "stream" in content and "candidates" not in content else Config
        config = kind.model_validate({"name": path.stem} | content)
        weighed = {name for entry in config.candidates for weights in entry.block_weights for name in weights}
        if unknown := sorted(weighed - set(BLOCKS)):
            raise ConfigError(f"block_weights: there is no block {', '.join(unknown)}. There is {', '.join(BLOCKS)}.")
        for candidate in config.expand():
            check_blocks(candidate.features)
            if "embeddings" in candidate.features and candidate.estimator == "complement_nb":
                raise ConfigError("complement_nb takes counts only; it cannot use the block embeddings.")
            make_estimator(candidate.estimator, candidate.parameters, config.experiment.seed)
        if config.data.auxiliary and all(entry.estimator != "stack" for entry in config.candidates):
            raise ConfigError("data.auxiliary: only the estimator stack learns from auxiliary tables; none is tried.")
    except ValidationError as error:
        problems = "\n".join(
            f"  {'.'.join(map(str, problem['loc'])) or 'file'}: {problem['msg']}"
            + ("" if problem["type"] == "missing" else f" (found {str(problem['input'])[:80]!r})")
            for problem in error.errors()
        )
        raise ConfigError(f"{path}: {error.error_count()} problem(s) in the experiment file:\n{problems}") from None
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
    return config
