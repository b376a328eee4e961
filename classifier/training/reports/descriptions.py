"""What the MLflow UI says in words: Markdown descriptions of experiments, runs and models."""

from __future__ import annotations

from classifier.corpus.datasets import datasets
from classifier.evaluation.metrics import Evaluation
from classifier.model.card import section_table
from classifier.training.config import Config
from classifier.training.dataset import Corpora
from classifier.training.search import Result


def command(config: Config, *, stream: bool = False) -> str:
    """Return the command that repeats a training."""
    return f"classifier train {'--stream ' if stream else ''}experiments/{config.name}.toml"


def corpora(config: Config) -> str:
    """Return the corpora of a training with their licences, as a Markdown list."""
    known = datasets()
    lines = []
    for role, references in (
        ("learned from", config.data.train),
        ("helped by", config.data.helpers),
        ("learned without labels from", config.data.unlabelled),
        ("tested on", [config.data.test or ""]),
    ):
        for reference in references:
            dataset = known.get(reference.partition(":")[0])
            about = f"{dataset.title}, {dataset.licence} ({dataset.citation})" if dataset else "a table of one's own"
            if reference:
                lines.append(f"- {role} **{reference}**: {about}")
    if config.data.holdout:
        lines.append(f"- tested on **{config.data.holdout:.0%} held out** of what it would have learned from")
    return "\n".join(lines)


def experiment_note(config: Config) -> str:
    """Return the description of an experiment."""
    return f"""{config.experiment.description or config.name}

{corpora(config)}

Every training is one run named *search*; under it stands one run for each candidate, compared by
{config.search.folds}-fold cross-validation on the training rows (near-duplicate headlines in one fold). The search run
holds the winner: its figures on the test table, pictures, the rows it got wrong, and the registered version.

Sort by **cv_{config.search.metric}** to see the best candidate first. Reproduce with

```
{command(config, stream=not config.candidates)}
```
"""


def candidate_note(result: Result) -> str:
    """Return the description of a candidate's run."""
    e = result.evaluation
    return (
        f"`{result.candidate.name}`\n\nCross-validated on {e.n:,} training rows: **macro-F1 {e.macro_f1:.4f}** "
        f"(± {result.macro_f1_std:.4f} between folds), accuracy {e.accuracy:.4f}, log-loss {e.log_loss:.4f}, "
        f"ECE {e.ece:.4f}."
    )


def search_note(config: Config, winner: Result, test: Evaluation, tables: Corpora, verdict: str) -> str:
    """Return the description of a search run."""
    name = config.experiment.registered_model
    return f"""**Winner:** `{winner.candidate.name}`, {verdict}.

| | macro-F1 | accuracy | log-loss | ECE |
|---|---|---|---|---|
| {tables.test_name} ({test.n:,} headlines, read once) | **{test.macro_f1:.4f}** | {test.accuracy:.4f} | {test.log_loss:.4f} | {test.ece:.4f} |
| cross-validation on the training rows | {winner.evaluation.macro_f1:.4f} | {winner.evaluation.accuracy:.4f} | {winner.evaluation.log_loss:.4f} | {winner.evaluation.ece:.4f} |

{section_table(test.per_section)}

{corpora(config)}
- {tables.overlap:,} test headlines are near-duplicates of training headlines

**Artifacts:** pictures in `plots/`, the test rows it got wrong (most confident first) in `wrong_headlines.csv`,
`model_card.md`, `environment.txt`, the config in `config/`.

**Use it:** `classifier predict --model models/{config.name} "…"`, or
`Classifier.load("models:/{name}@champion")` once it is the champion.
**Repeat it:** `{command(config)}`
"""  # noqa: E501


def stream_note(config: Config, rows: int, learned: int, test: Evaluation, test_name: str, verdict: str) -> str:
    """Return the description of a run that trained from a stream."""
    return f"""**The fast tier alone, from a stream:** {verdict}.

{test_name} ({test.n:,} headlines, read once): **macro-F1 {test.macro_f1:.4f}**, accuracy {test.accuracy:.4f},
log-loss {test.log_loss:.4f}, ECE {test.ece:.4f}.

{corpora(config)}
- {rows:,} rows, of which {learned:,} were learned from: each headline once, without contradictions and what is held out

**Use it:** `classifier predict --model models/{config.name} "…"`.
**Repeat it:** `{command(config, stream=True)}`
"""


def registered_note(name: str) -> str:
    """Return the description of the registered model ``name``."""
    return f"""Says which section a Korean news headline belongs to.

The alias **champion** is the version that answers, **previous** the one before it. A new version becomes champion only
if it beats the champion on the same test table. Each version's description is its model card.

```python
from classifier import Classifier
Classifier.load("models:/{name}@champion").predict(["코스피 상승 마감"])

import mlflow
mlflow.pyfunc.load_model("models:/{name}@champion").predict(["코스피 상승 마감"])
```

`classifier models list`, `classifier models promote VERSION`, `classifier models rollback`
"""
