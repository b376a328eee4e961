"""Write the tables of the READMEs and of the docs from ``experiments/results/*.json``: ``make tables``.

With ``--check`` nothing is written, and the exit status is 1 if a table is out of date. With ``--print NAME`` one
table is printed.
"""

from __future__ import annotations

import functools
import json
import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def results() -> list[dict[str, Any]]:
    """Return every result, by the experiment's name."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted((HERE / "results").glob("*.json"))]


def overview() -> str:
    """One line an experiment: what was chosen, and its figures on the test table."""
    lines = [
        "| experiment | learned from | tested on | headlines | macro-F1 | accuracy | log-loss | ECE | chosen by CV |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for r in results():
        t, name = r["test"], r["experiment"]
        helpers = f"; helped by {', '.join(r['helpers'])}" if r.get("helpers") else ""
        lines.append(
            f"| {name} | {', '.join(r['train'])}{helpers} | {r['test_table'].partition(' of ')[0]} | {t['n']:,} | "
            f"**{t['macro_f1']:.4f}** | {t['accuracy']:.4f} | {t['log_loss']:.4f} | {t['ece']:.4f} | `{r['winner']}` |"
        )
    return "\n".join(lines)


def sections() -> str:
    """F1 of every section, a column an experiment."""
    found = results()
    names = list(dict.fromkeys(name for r in found for name in r["test"]["per_section"]))
    lines = [
        "| section | " + " | ".join(r["experiment"] for r in found) + " |",
        "|---" * (len(found) + 1) + "|",
    ]
    for name in names:
        cells = [r["test"]["per_section"].get(name) for r in found]
        lines.append(f"| {name} | " + " | ".join(f"{c['f1']:.3f}" if c else "" for c in cells) + " |")
    return "\n".join(lines)


def tiers() -> str:
    """Macro-F1 of every tier on the test table."""
    rows = []
    for r in results():
        if found := r.get("tiers"):
            row = {"experiment": r["experiment"], "accurate": f"{r['test']['macro_f1']:.4f}"}
            row |= {tier: f"{found[tier]['macro_f1']:.4f}" for tier in ("cascade", "fast")}
            rows.append(row | {"of the cascade's answers by fast": f"{found['cascade']['answered_by_fast']:.0%}"})
    return table(rows)


def leaderboards() -> str:
    """Every candidate of every search, as cross-validation ranked them."""
    parts = []
    for r in results():
        lines = [
            f"**{r['experiment']}**",
            "",
            "| candidate | macro-F1 (CV) | accuracy | log-loss | ECE |",
            "|---|---|---|---|---|",
        ]
        lines += [
            f"| `{c['candidate']}` | {c['macro_f1']:.4f} | {c['accuracy']:.4f} | {c['log_loss']:.4f} | {c['ece']:.4f} |"
            for c in r["leaderboard"]
        ]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def measured(name: str) -> Any:
    """Return what ``benchmarks/<name>.py`` wrote."""
    return json.loads((HERE / "results" / "benchmarks" / f"{name}.json").read_text(encoding="utf-8"))


def benchmark(name: str) -> str:
    """What ``benchmarks/<name>.py`` measured, a row each."""
    return table(measured(name))


def speed() -> str:
    """What the speed benchmarks measured against what they must: those of `make bench`, as far as they have run."""
    rows = []
    for name in ("speed", "growth", "streaming"):
        if (HERE / "results" / "benchmarks" / f"{name}.json").is_file():
            found = measured(name)
            rows += found if isinstance(found, list) else found["rows"]
    return table(rows)


def fasttext() -> str:
    """What fastText's search on YNAT came to."""
    return table(measured("fasttext_accuracy")["search"])


def scale(part: str) -> str:
    """What ``benchmarks/scale.py`` measured or calculated."""
    return table(measured("scale")[part])


def serve() -> str:
    """Requests a second and the 99th percentile of the latency, ours beside MLflow's server and a bare one."""
    found: dict[tuple[int, int], dict[str, Any]] = {}
    for r in measured("serve")["rows"]:
        row = found.setdefault((r["headlines"], r["connections"]), {k: r[k] for k in ("headlines", "connections")})
        row[r["server"]] = f"{r['requests_per_second']:,.0f} ({r['p99_ms']:,.1f} ms)"
    columns = {
        "headlines": "headlines a request",
        "connections": "connections",
        "serve": "`classifier serve`",
        "mlflow": "`mlflow models serve`",
        "bare": "bare uvicorn",
    }
    return table([{title: row[name] for name, title in columns.items()} for row in found.values()])


def table(rows: list[dict[str, Any]]) -> str:
    """Return rows with the same keys as a Markdown table."""
    lines = ["| " + " | ".join(key.replace("_", " ") for key in rows[0]) + " |", "|---" * len(rows[0]) + "|"]
    lines += [
        "| " + " | ".join(f"{v:,}" if isinstance(v, int) else str(v) for v in row.values()) + " |" for row in rows
    ]
    return "\n".join(lines)


BENCHMARKS = (
    "label_errors", "doubted_labels", "near_duplicates", "articles",
    "ablation", "learning_curve", "tried", "dev_readings", "elsewhere", "sections8", "parts", "mixture",
    "reliability", "adaptation", "random_fifth", "labelling", "unlabelled", "unlabelled_tried",
)  # fmt: skip
FILES = (
    HERE / "README.md", HERE.parent / "README.md", HERE.parent / "README.ko.md",
    HERE.parent / "docs/concepts/calibration.md", HERE.parent / "docs/scale.md", HERE.parent / "docs/howto/serving.md",
    HERE.parent / "docs/howto/label.md",
)  # fmt: skip
TABLES = {
    "overview": overview,
    "sections": sections,
    "tiers": tiers,
    "leaderboards": leaderboards,
    "speed": speed,
    "fasttext": fasttext,
    "serve": serve,
} | {name: functools.partial(benchmark, name) for name in BENCHMARKS}
TABLES |= {f"scale_{part}": functools.partial(scale, part) for part in ("predicting", "training", "calculated")}


def fill(text: str) -> str:
    """Return ``text`` with every ``<!-- table: name -->`` … ``<!-- end -->`` filled anew."""

    def filled(match: re.Match[str]) -> str:
        return f"{match[1]}\n\n{TABLES[match[2]]()}\n\n{match[3]}"

    return re.sub(r"(<!-- table: (\w+) -->).*?(<!-- end -->)", filled, text, flags=re.DOTALL)


def main() -> int:
    """Fill the files that hold tables; return the exit status."""
    if "--print" in sys.argv:
        print(TABLES[sys.argv[-1]]())
        return 0
    stale = False
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        filled = fill(text)
        if filled != text:
            stale = True
            if "--check" not in sys.argv:
                path.write_text(filled, encoding="utf-8")
                print(f"wrote {path.name}")
    return int(stale and "--check" in sys.argv)


if __name__ == "__main__":
    sys.exit(main())
