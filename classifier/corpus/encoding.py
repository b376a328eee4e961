"""The encodings that Korean texts come in: UTF-8, CP949 (which Korean spreadsheets write) and UTF-16."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from pathlib import Path
from typing import Any

from classifier.corpus.compression import unreadable
from classifier.errors import ConfigError, DataError

BOM = codecs.BOM_UTF8


def guess_encoding(raw: bytes) -> str:
    """Return ``utf-8`` or ``cp949`` for whole lines of text, or "" if they are all ASCII.

    A line counts for UTF-8 if it is valid and holds a character of three bytes, as Hangul is; for CP949
    if it is valid CP949 and not UTF-8. So a few damaged lines do not change the result of the others.
    """
    if raw.isascii():
        return ""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        return "utf-8"
    votes = 0
    for line in raw.split(b"\n"):
        if line.isascii():
            continue
        try:
            votes += max(line.decode("utf-8")) > "\u07ff"
        except UnicodeDecodeError:
            try:
                line.decode("cp949")
            except UnicodeDecodeError:
                continue
            votes -= 1
    return "cp949" if votes < 0 else "utf-8"


def _guess_utf16(raw: bytes) -> str:
    """Return ``utf-16-le`` or ``utf-16-be`` if a text begins with ``raw``, with or without a BOM, else ""."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16-le" if raw[0] == 0xFF else "utf-16-be"
    head = raw[: min(1000, len(raw) // 2 * 2)]
    even, odd = head[::2].count(0), head[1::2].count(0)  # ASCII, of which a header has a word, has one a character
    if max(even, odd) < max(8, len(head) / 20, min(even, odd) + 1):
        return ""
    codec = "utf-16-le" if odd > even else "utf-16-be"
    # The cut may be inside a pair of surrogates; a binary file has control characters.
    text = head.decode(codec, "ignore")
    return codec if text and min(text.replace("\t", " ").replace("\r", " ").replace("\n", " ")) >= " " else ""


def decode_lines(raw: bytes, encoding: str) -> tuple[list[str], dict[int, str]]:
    r"""Return the lines of ``raw``, and by index what is wrong with those that are not in ``encoding``.

    The bytes of such a line that cannot be decoded are escaped: ``\xff``.
    """
    if b"\r" in raw:
        raw = raw.replace(b"\r\n", b"\n").removesuffix(b"\r")
    if not raw:  # a byte-order mark and nothing else
        return [], {}
    raw = raw.removesuffix(b"\n")
    try:
        return raw.decode(encoding).split("\n"), {}
    except UnicodeDecodeError:
        pass
    lines: list[str] = []
    undecodable: dict[int, str] = {}
    for i, line in enumerate(raw.split(b"\n")):
        try:
            lines.append(line.decode(encoding))
        except UnicodeDecodeError as error:
            undecodable[i] = f"not {encoding.upper()}: byte {error.start + 1} of the line is 0x{line[error.start]:02x}"
            lines.append(line.decode(encoding, "backslashreplace"))
    return lines, undecodable


class TextSource:
    r"""The bytes of a text, with UTF-16 turned into UTF-8, and ``\r`` into ``\n`` if nothing else ends a line.

    Args:
        read: returns at most so many bytes of the input, b"" at its end.
        label: the input's name, for messages.
    """

    def __init__(self, read: Callable[[int], bytes], label: str) -> None:
        self._read = read
        self._label = label
        self._begun = self._cr = False
        self._utf16: codecs.IncrementalDecoder | None = None
        self._held = b""

    def read(self, size: int) -> bytes:
        """Return the next bytes, at most ``size``, b"" at the end.

        Raises:
            DataError: the UTF-16 is damaged.
        """
        while not self._held:
            raw = self._read(size)
            while not self._begun and len(raw) < 4 and (more := self._read(size)):
                raw += more
            self._held = self._converted(raw)
            if not raw:
                break
        data, self._held = self._held[:size], self._held[size:]
        return data

    def _converted(self, raw: bytes) -> bytes:
        begins, self._begun = not self._begun, True
        if begins and (codec := _guess_utf16(raw)):
            self._utf16 = codecs.getincrementaldecoder(codec)()
        if self._utf16 is not None:
            try:
                raw = self._utf16.decode(raw, not raw).removeprefix("\ufeff").encode()
            except UnicodeError as error:
                raise DataError(f"{self._label}: damaged UTF-16 ({error}). Save it as UTF-8.") from error
        if begins:
            self._cr = b"\r" in raw[:-1] and b"\n" not in raw
        return raw.replace(b"\r", b"\n") if self._cr else raw


def decode(raw: bytes, where: str) -> str:
    """Return a text in UTF-8 (a BOM is dropped) or else in CP949.

    Raises:
        DataError: it is in neither; says at which byte.
    """
    try:
        return raw.removeprefix(BOM).decode(guess_encoding(raw) or "utf-8")
    except UnicodeDecodeError as error:
        found = f"byte {error.start + 1} is 0x{error.object[error.start]:02x}"
        raise DataError(f"{where}: neither UTF-8 nor CP949 ({found}). Save it as UTF-8.") from error


def read_text(path: Path) -> str:
    """Return a whole text file in any of the encodings, without BOM; a line feed alone ends its lines.

    Raises:
        DataError: it cannot be read or decoded.
    """
    try:
        with path.expanduser().open("rb") as file:
            source = TextSource(file.read, str(path))
            raw = b"".join(iter(lambda: source.read(1 << 18), b""))
    except OSError as error:
        raise unreadable(str(path), error) from error
    return decode(raw, str(path)).replace("\r\n", "\n")


def read_toml(path: Path, what: str) -> dict[str, Any]:
    """Return the content of a TOML file; ``what`` names its kind in the message.

    Raises:
        ConfigError: it cannot be read or decoded, or is not TOML.
    """
    import tomllib

    try:
        return tomllib.loads(read_text(path))
    except DataError as error:
        raise ConfigError(f"{error} {what} is a TOML file.") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not TOML: {error}") from error
