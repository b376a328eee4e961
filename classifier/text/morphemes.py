"""Morphemes of headlines, by Kiwi, held as plain arrays."""

from __future__ import annotations

import os
import threading
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from kiwipiepy import Kiwi, Token

#: Words without their dictionary of names in other scripts and without typo correction: half the
#: start-up time and two thirds of the memory, at no loss that cross-validation on headlines shows.
_SETTINGS = {"load_multi_dict": False, "load_typo_dict": False}

#: How far behind the best a reading may fall before Kiwi gives it up; Kiwi's own 8 takes a fifth longer. 97% of YNAT's
#: headlines are read alike, and cross-validation on its train split finds no loss (0.8515 against 0.8511 macro-F1).
_CUTOFF = 4.0

#: Parts of speech that carry the topic: nouns, verbs, adjectives, roots, adverbs, foreign words.
CONTENT_TAGS = frozenset("NNG NNP NNB NR VV VV-R VV-I VA VA-R VA-I XR MAG SL".split())

#: The first ids stand for kinds of token (unknown name, number, foreign word …), not for a word.
_FIRST_WORD = 60

#: Words in Kiwi's vocabulary (kiwipiepy_model 0.24); ids beyond it are inflections of particles.
WORDS = 70_488


@dataclass(frozen=True)
class Morphemes:
    """The morphemes of a batch of headlines: parallel arrays, one entry a morpheme, in order."""

    row: NDArray[np.int32]  #: which headline
    key: NDArray[np.uint32]  #: CRC-32 of ``form/tag``
    word: NDArray[np.int32]  #: Kiwi's number of a content word, or -1 for any other morpheme
    start: NDArray[np.int32]  #: first character in the normalized headline
    length: NDArray[np.int32]  #: characters


def kiwi_versions() -> str:
    """Return the versions of Kiwi and of its model, and the cut-off, on which every morpheme depends."""
    from importlib.metadata import version

    return f"kiwipiepy {version('kiwipiepy')}, model {version('kiwipiepy_model')}, cut-off {_CUTOFF:g}"


class _PerProcess(threading.local):
    """Holds this thread's Kiwi. It is made on first use and never carried over a fork."""

    kiwi: Kiwi | None = None
    process = 0


_HELD = _PerProcess()


def kiwi() -> Kiwi:
    """Return a Kiwi of this thread and process, made on the first call (about a second)."""
    if _HELD.kiwi is None or _HELD.process != os.getpid():
        from kiwipiepy import Kiwi

        _HELD.kiwi, _HELD.process = Kiwi(num_workers=os.cpu_count(), **_SETTINGS), os.getpid()
        _HELD.kiwi.global_config.cutoff_threshold = _CUTOFF
    return _HELD.kiwi


def _key(token: Token) -> int:
    return zlib.crc32(token.tagged_form.encode())


def _word(token: Token) -> int:
    return token.id if token.tag in CONTENT_TAGS and _FIRST_WORD <= token.id < WORDS else -1


def analyze(normalized: Sequence[str]) -> Morphemes:
    """Return the morphemes of normalized headlines."""
    rows: list[int] = []
    keys: list[int] = []
    words: list[int] = []
    starts: list[int] = []
    lengths: list[int] = []
    for row, tokens in enumerate(kiwi().tokenize(normalized)):
        for token in tokens:
            rows.append(row)
            keys.append(_key(token))
            words.append(_word(token))
            starts.append(token.start)
            lengths.append(token.len)
    return Morphemes(
        np.array(rows, np.int32),
        np.array(keys, np.uint32),
        np.array(words, np.int32),
        np.array(starts, np.int32),
        np.array(lengths, np.int32),
    )


def analyze_one(normalized: str) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
    """Return one headline's keys and words, as :class:`Morphemes` has them, and nothing else, which is quicker."""
    tokens = kiwi().tokenize(normalized)
    return np.array([*map(_key, tokens)], np.uint64), np.array([*map(_word, tokens)], np.int32)
