"""Headless Chromium of Debian's packages, driven by Playwright."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

#: Nothing but the page: no look-ups of its own, no first-run pages.
_FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()


@contextmanager
def open_page(width: int = 1400, height: int = 860) -> Iterator[Page]:
    """A page in a browser of its own, which is closed at the end."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        try:
            page = browser.new_page(viewport={"width": width, "height": height})
            page.set_default_timeout(30_000)
            yield page
        finally:
            browser.close()


def close_assistant(page: Page) -> None:
    """Close the panel that MLflow opens on a first visit, if it does."""
    try:
        page.get_by_label("Close").first.click(timeout=5_000)
    except Exception:  # it is not there on every page and every version
        return
