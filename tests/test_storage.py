"""Files are replaced in one step, whoever writes them at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from classifier.storage import replacing


def test_two_threads_that_write_one_file_do_not_write_into_each_other(tmp_path: Path) -> None:
    target, both = tmp_path / "table.tsv", Barrier(2, timeout=30)
    texts = ["첫째\n" * 1000, "둘째\n" * 3000]

    def write(text: str) -> None:
        with replacing(target) as part, part.open("w", encoding="utf-8") as file:
            both.wait()
            file.write(text)
            file.flush()
            both.wait()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, texts))
    assert target.read_text(encoding="utf-8") in texts
    assert list(tmp_path.iterdir()) == [target]


def test_what_was_there_stays_if_writing_fails(tmp_path: Path) -> None:
    target = tmp_path / "table.tsv"
    target.write_text("old", encoding="utf-8")
    with pytest.raises(UnicodeEncodeError), replacing(target) as part:
        part.write_text("n\ud800w", encoding="utf-8")
    assert target.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [target]
