"""Sphinx settings: `make docs`. Nothing is fetched while the pages are built."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from cli_reference import write_cli_reference

import classifier

project = "headline-classifier"
author = "the headline-classifier authors"
copyright = "the headline-classifier authors, Apache-2.0"  # noqa: A001 - Sphinx's name for it
release = classifier.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
]
exclude_patterns = ["_build"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

html_theme = "pydata_sphinx_theme"
html_title = "headline-classifier"
html_show_sourcelink = False
html_theme_options = {"navigation_with_keys": False, "show_prev_next": True, "secondary_sidebar_items": ["page-toc"]}

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_class_signature = "separated"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True

write_cli_reference(Path(__file__).parent / "reference" / "cli.md")
