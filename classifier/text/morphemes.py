"""Morphemes of headlines, by Kiwi, held as plain arrays."""

from __future__ import annotations

import ctypes
import logging
import os
import threading
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from classifier.text.user_words import NO_WORDS, UserWords

if TYPE_CHECKING:
    from kiwipiepy import Kiwi, Token

logger = logging.getLogger(__name__)

#: Words without their dictionary of names in other scripts and without typo correction: half the
#: start-up time and two thirds of the memory, at no loss that cross-validation on headlines shows.
_SETTINGS = {"load_multi_dict": False, "load_typo_dict": False}

#: How far behind the best a reading may fall before Kiwi gives it up; its own is 8.
_CUTOFF = 3.0

#: How a headline is read: no jamo is split off the end of a syllable, which only chats need, and words that the
#: dictionary lacks are found by rules. With the cut-off this takes two thirds of the time of Kiwi's own settings, and
#: cross-validation on YNAT's train split finds no loss: 0.8527 macro-F1; 0.8521 with a cut-off of 4 alone.
_READING = {"z_coda": False, "oov_handling": "rule"}

#: Parts of speech that carry the topic: nouns, verbs, adjectives, roots, adverbs, foreign words.
CONTENT_TAGS = frozenset("NNG NNP NNB NR VV VV-R VV-I VA VA-R VA-I XR MAG SL".split())

#: The first ids stand for kinds of token (unknown name, number, foreign word …), not for a word.
_FIRST_WORD = 60

#: Words in Kiwi's vocabulary (kiwipiepy_model 0.24); ids beyond it are inflections of particles.
WORDS = 70_488

#: Versions of kiwipiepy that read headlines alike: equal tokens, with equal positions and numbers, on 5,000 headlines
#: of YNAT and 5,000 of a portal. (0.23.2 with the same model differs in one of fifty.) The wheel asks for one of these.
EQUAL_VERSIONS = frozenset({"0.24.0", "0.24.1"})


@dataclass(frozen=True)
class Morphemes:
    """The morphemes of a batch of headlines: parallel arrays, one entry a morpheme, in order."""

    row: NDArray[np.int32]  #: which headline
    key: NDArray[np.uint32]  #: CRC-32 of ``form/tag``
    pair: NDArray[np.uint32]  #: CRC-32 of the one before, ``form/tag``, and this one together; 0 for a headline's first
    word: NDArray[np.int32]  #: Kiwi's number of a content word, or -1 for any other morpheme
    start: NDArray[np.int32]  #: first character in the normalized headline
    length: NDArray[np.int32]  #: characters


def kiwi_versions() -> str:
    """Return the versions of Kiwi and of its model, and the settings, on which every morpheme depends."""
    from importlib.metadata import version

    settings = ", ".join(f"{name}={value}" for name, value in {"cutoff": f"{_CUTOFF:g}", **_READING}.items())
    return f"kiwipiepy {version('kiwipiepy')}, model {version('kiwipiepy_model')}, {settings}"


def compatible_kiwi(stated: str) -> bool:
    """Return whether the Kiwi installed here gives the morphemes of the Kiwi that a model was trained with.

    If its version is another one and the morphemes are the same, a warning is logged, once a process.

    Args:
        stated: What :func:`kiwi_versions` returned when the model was trained.
    """
    installed = kiwi_versions()
    if stated == installed:
        return True
    (program, rest), (here, rest_here) = (text.partition(", ")[::2] for text in (stated, installed))
    if rest != rest_here or not EQUAL_VERSIONS.issuperset(text.removeprefix("kiwipiepy ") for text in (program, here)):
        return False
    _warn_of_version(program, here)
    return True


@cache
def _warn_of_version(program: str, here: str) -> None:
    logger.warning(
        "The model was trained with %s, and %s is installed. They read headlines alike; "
        "to be without this warning, install the first.",
        program,
        here,
    )


#: By process id and by the digest of the user's words. A forked child inherits its parent's Kiwis without Kiwi's
#: threads: it must not use them, and makes its own. Both the id and the hook below are needed: some servers fork
#: without Python's hooks, and ids come again.
_KIWIS: dict[int, dict[str, Kiwi]] = {}
#: How many Kiwis with words a process keeps: those of a model and of the one that takes its place.
_WITH_WORDS = 2
_MAKING = threading.RLock()


def kiwi(words: UserWords = NO_WORDS) -> Kiwi:
    """Return this process's Kiwi with the user's words, made on the first call (about a second).

    All threads share it: since 0.22 several may use a Kiwi at a time (its documentation, "멀티스레딩"), and each Kiwi
    takes 260 MB.
    """
    process = os.getpid()
    own = _KIWIS.get(process) or _KIWIS.setdefault(process, {})
    found = own.get(words.digest)
    if found is None:
        with _MAKING:
            found = own.get(words.digest) or own.setdefault(words.digest, _make(words))
            for digest in [digest for digest in own if digest][:-_WITH_WORDS]:
                ctypes.pythonapi.Py_DecRef(ctypes.py_object(own.pop(digest)))
    return found


def _after_fork_in_child() -> None:
    _KIWIS.clear()
    _MAKING.release()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    # A fork waits while another thread makes a Kiwi: Python's import lock would stay locked in the child.
    os.register_at_fork(before=_MAKING.acquire, after_in_parent=_MAKING.release, after_in_child=_after_fork_in_child)


def _make(words: UserWords) -> Kiwi:
    from kiwipiepy import Kiwi

    made = Kiwi(num_workers=os.cpu_count(), **_SETTINGS)
    made.global_config.cutoff_threshold = _CUTOFF
    for word, tag, score in words.entries:
        made.add_user_word(word, tag, score)
    made.tokenize("가")  # Kiwi loads its model on the first use
    # Never destroyed, not even as the process ends: Kiwi's destructor waits for its threads, and in a forked child,
    # which inherits the Kiwi without them, for ever.
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(made))
    return made


def hash_tokens(tokens: Sequence[Token]) -> tuple[list[int], list[int]]:
    """Return the keys of some tokens, and those of the second and all after it with the one before."""
    forms = [token.tagged_form.encode() for token in tokens]
    keys = [*map(zlib.crc32, forms)]
    return keys, [*map(zlib.crc32, forms[1:], keys)]


def number_words(tokens: Sequence[Token]) -> list[int]:
    """Return Kiwi's number of each token that is a content word, -1 for any other."""
    return [token.id if token.tag in CONTENT_TAGS and _FIRST_WORD <= token.id < WORDS else -1 for token in tokens]


def tokenize(normalized: str, words: UserWords = NO_WORDS) -> list[Token]:
    """Return one headline's tokens."""
    tokens: list[Token] = kiwi(words).tokenize(normalized, **_READING)
    return tokens


def analyze(normalized: Sequence[str], words: UserWords = NO_WORDS) -> Morphemes:
    """Return the morphemes of normalized headlines, read with the user's words."""
    rows: list[int] = []
    keys: list[int] = []
    pairs: list[int] = []
    numbers: list[int] = []
    starts: list[int] = []
    lengths: list[int] = []
    for row, tokens in enumerate(kiwi(words).tokenize(normalized, **_READING)):
        if not tokens:
            continue
        key, pair = hash_tokens(tokens)
        rows += [row] * len(tokens)
        keys += key
        pairs += [0, *pair]
        numbers += number_words(tokens)
        starts += [token.start for token in tokens]
        lengths += [token.len for token in tokens]
    return Morphemes(
        np.array(rows, np.int32),
        np.array(keys, np.uint32),
        np.array(pairs, np.uint32),
        np.array(numbers, np.int32),
        np.array(starts, np.int32),
        np.array(lengths, np.int32),
    )
