"""The model card: what a person should know of an artefact, beside its arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any


def model_card(sections: Sequence[str], blocks: Sequence[str], about: Mapping[str, Any], fingerprint: str) -> str:
    """Return the model card in Markdown: the template ``card.md``, filled in."""
    template = Template(Path(__file__).with_name("card.md").read_text(encoding="utf-8"))
    return template.substitute(
        name=about.get("name", "headline classifier"),
        sections=", ".join(sections),
        candidate=about.get("candidate", "linear"),
        features=", ".join(blocks) or "hashed n-grams",
        train=", ".join(about.get("train", [])),
        train_rows=f"{about.get('train_rows', 0):,}",
        licences=", ".join(about.get("licences", [])),
        created=about.get("created", ""),
        package=about.get("package", ""),
        fingerprint=fingerprint,
        figures=_figures(about.get("test"), about.get("test_table", "the test table")),
        folder=about.get("folder", "path/to/this/folder"),
    )


def _figures(test: Mapping[str, Any] | None, table: str) -> str:
    if not test:
        return ""
    return "\n".join([
        "", f"## Figures on {table} ({test['n']:,} headlines, read once)", "",
        f"macro-F1 {test['macro_f1']:.4f}, accuracy {test['accuracy']:.4f}, log-loss {test['log_loss']:.4f}, "
        f"ECE {test['ece']:.4f}", "",
        section_table(test["per_section"]), "",
    ])  # fmt: skip


def section_table(per_section: Mapping[str, Mapping[str, float]]) -> str:
    """Return the figures of every section as a Markdown table."""
    rows = [
        f"| {name} | {f['precision']:.3f} | {f['recall']:.3f} | {f['f1']:.3f} | {f['support']:,} |"
        for name, f in per_section.items()
    ]
    return "\n".join(["| section | precision | recall | F1 | support |", "|---|---|---|---|---|", *rows])
