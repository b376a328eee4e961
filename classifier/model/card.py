"""The model card: what a person should know of an artefact, beside its arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def model_card(manifest: Mapping[str, Any]) -> str:
    """Return a Markdown model card made from a manifest."""
    about = manifest["about"]
    figures = about.get("test", {})
    lines = [
        f"# {about.get('name', 'headline classifier')}",
        "",
        f"Says which section a Korean news headline belongs to: {', '.join(manifest['sections'])}.",
        "",
        f"- Model: {about.get('candidate', 'linear')} on {', '.join(manifest['blocks']) or 'hashed n-grams'}, "
        "temperature-scaled",
        f"- Trained on: {', '.join(about.get('train', []))} ({about.get('train_rows', 0):,} headlines)",
        f"- Licence of the data: {', '.join(about.get('licences', []))}",
        f"- Made: {about.get('created', '')} by headline-classifier {about.get('package', '')}",
        f"- Fingerprint: `{manifest['fingerprint']}`",
    ]
    if figures:
        lines += [
            "",
            f"## Figures on {about.get('test_table', 'the test table')} ({figures['n']:,} headlines, read once)",
            "",
            f"macro-F1 {figures['macro_f1']:.4f}, accuracy {figures['accuracy']:.4f}, "
            f"log-loss {figures['log_loss']:.4f}, ECE {figures['ece']:.4f}",
            "",
            "| section | precision | recall | F1 | support |",
            "|---|---|---|---|---|",
            *(
                f"| {name} | {f['precision']:.3f} | {f['recall']:.3f} | {f['f1']:.3f} | {f['support']:,} |"
                for name, f in figures["per_section"].items()
            ),
        ]
    lines += [
        "",
        "## Use",
        "",
        "```python",
        "from classifier import Classifier",
        f'Classifier.load("{about.get("folder", "path/to/this/folder")}").predict(["코스피 상승 마감"])',
        "```",
        "",
        "## Limits",
        "",
        "It knows headlines of the kind it was trained on. A headline of another time, language or house, or of a "
        "section it was not taught, still gets one of its sections. Measure it on your own headlines first: "
        "`classifier evaluate TABLE`.",
        "",
    ]
    return "\n".join(lines)
