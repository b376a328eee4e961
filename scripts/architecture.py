"""Draw the packages and their imports as docs/concepts/architecture.svg: ``make picture``.

With ``--check`` nothing is written, and the exit status is 1 if the picture does not show today's imports.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "concepts" / "architecture.svg"
PACKAGES = (
    "corpus", "pages", "text", "model", "evaluation", "prediction", "tracking", "training", "curation", "server", "cli",
)  # fmt: skip

_WIDTH, _HEIGHT, _GAP = 108, 44, 26
_INK, _PAPER, _ARROW = "#1f2933", "#e8eef4", "#52718f"


def imports() -> Counter[tuple[str, str]]:
    """Return how many files of the first package import from the second."""
    found: Counter[tuple[str, str]] = Counter()
    for path in sorted((ROOT / "classifier").rglob("*.py")):
        package = path.relative_to(ROOT / "classifier").parts[0]
        used = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("classifier."):
                used.add((node.module or "").split(".")[1])
        found.update((package, other) for other in used if other in PACKAGES and package in PACKAGES)
    return Counter({edge: count for edge, count in found.items() if edge[0] != edge[1]})


def draw(edges: Counter[tuple[str, str]]) -> str:
    """Return the picture: packages in a row in their order, an arc for each import, wider for more files."""
    present = [name for name in PACKAGES if (ROOT / "classifier" / name).is_dir()]
    left = {name: 10 + i * (_WIDTH + _GAP) for i, name in enumerate(present)}
    width = len(present) * (_WIDTH + _GAP) + 10
    height, base = 480, 420
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif">',
        "<title>The packages of classifier and what each imports</title>",
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto">'
        f'<path d="M0 0L8 4L0 8z" fill="{_ARROW}"/></marker></defs>',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for (package, other), count in sorted(edges.items()):
        start, end = left[package] + _WIDTH / 2 - 12, left[other] + _WIDTH / 2 + 12
        rise = base - 14 - abs(start - end) * 0.4
        stroke = min(0.8 + 0.35 * count, 4)
        parts.append(
            f'<path d="M{start:.0f} {base}C{start:.0f} {rise:.0f} {end:.0f} {rise:.0f} {end:.0f} {base - 2}" '
            f'fill="none" stroke="{_ARROW}" stroke-opacity="0.6" stroke-width="{stroke:.2f}" marker-end="url(#head)">'
            f"<title>{package} imports {other} in {count} files</title></path>"
        )
    for name in present:
        x = left[name]
        parts.append(
            f'<rect x="{x}" y="{base}" width="{_WIDTH}" height="{_HEIGHT}" rx="8" fill="{_PAPER}" stroke="{_INK}"/>'
            f'<text x="{x + _WIDTH / 2:.0f}" y="{base + 28}" text-anchor="middle" font-size="17" '
            f'fill="{_INK}">{name}</text>'
        )
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def main() -> None:
    """Write or check the picture."""
    picture = draw(imports())
    if "--check" in sys.argv:
        sys.exit(0 if PICTURE.is_file() and PICTURE.read_text(encoding="utf-8") == picture else 1)
    PICTURE.write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
