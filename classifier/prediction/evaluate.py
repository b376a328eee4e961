"""How good a model is on a table, and whether it is better than another: what ``classifier evaluate`` prints."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from classifier.extras import need
from classifier.prediction.classifier import Classifier


def evaluate(
    table: str | Path, model: str | Path | None = None, *, tier: str | None = None, against: str | Path | None = None
) -> dict[str, Any]:
    """Return the figures of a model on a labelled table.

    Args:
        table: a file, or a dataset's name such as ``ynat:dev``.
        model: see :meth:`Classifier.load`.
        tier: ``fast``, ``accurate`` or ``cascade``. None: ``accurate``, which training tests and the registry
            compares, if the model has it.
        against: another model, to compare with on the same rows.

    Returns:
        ``macro_f1``, ``accuracy``, ``per_section`` {section: {precision, recall, f1, support}}, ``log_loss``, ``ece``,
        ``n`` and ``model`` {name, version, fingerprint, tier}. With ``against`` also the same figures of that model
        (``against``), the ``difference`` in macro-F1 with its 95% interval, and the rows that the two answer
        differently (``differing``).

    Raises:
        DataError: the table is wrong, or has a section that the model does not know.
        ModelError: see :meth:`Classifier.load`.
    """
    need("train", "evaluating")
    from classifier.corpus.datasets import load_corpus
    from classifier.evaluation import metrics
    from classifier.evaluation.compare import compare, differing

    clf = _load(model, tier)
    other = _load(against, tier) if against is not None else None
    rows = load_corpus(str(table))
    evaluated = metrics.evaluate(clf.scorer, rows)
    report = evaluated.evaluation.to_dict() | {"model": clf.about() | {"tier": clf.tier}}
    if other is not None:
        compared = metrics.evaluate(other.scorer, rows)
        difference = compare(evaluated, compared)
        report |= {
            "against": compared.evaluation.to_dict() | {"model": other.about() | {"tier": other.tier}},
            "difference": asdict(difference) | {"significant": difference.significant},
            "differing": differing(evaluated, compared, rows),
        }
    return report


def _load(source: str | Path | None, tier: str | None) -> Classifier:
    found = Classifier.load(source, tier)
    return found if tier is not None or found.tier == "fast" else Classifier(found.model, "accurate")
