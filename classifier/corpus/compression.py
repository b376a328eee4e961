"""Compressed files, by suffix: gzip and zstd are read and written a part at a time, zip archives are read.

What is written here can be cut off after a :meth:`CompressedWriter.finish` and gone on with: every finished part is
a gzip member or a zstd frame of its own, and such parts one after the other are one valid file.
"""

from __future__ import annotations

import gzip
import os
import select
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, BinaryIO, Protocol

from classifier.errors import DataError
from classifier.extras import need

#: Suffixes of compressed files.
COMPRESSED = (".gz", ".zst", ".zip")

_GZIP_LEVEL = 2  #: predictions repeat much: level 6 takes three times as long for an eighth less
_ZSTD_LEVEL = 3


def split_suffix(name: str) -> tuple[str, str]:
    """Return the suffix that says what is in a file and the one that says how it is compressed ("" for not at all).

    >>> split_suffix("crawl/headlines.TSV.gz"), split_suffix("headlines.txt")
    (('.tsv', '.gz'), ('.txt', ''))
    """
    path = Path(name)
    compression = path.suffix.lower()
    if compression not in COMPRESSED:
        return compression, ""
    return Path(path.stem).suffix.lower(), compression


def is_remote(name: str) -> bool:
    """Return whether ``name`` is an address, such as ``s3://bucket/part-0.parquet``, and not a path."""
    return "://" in name


def filesystem_of(name: str) -> tuple[Any, str]:
    """Return pyarrow's file system for an address or a folder (with fsspec also ``fsspec+sftp://…``), and the path."""
    need("parquet", f"{name}: reading parts or an address")
    from pyarrow import ArrowException
    from pyarrow.fs import FileSystem

    try:
        filesystem, path = FileSystem.from_uri(name)
    except (ArrowException, OSError, ValueError, ImportError) as error:
        raise DataError(f"{name}: this address cannot be read ({error}). Check it, or name a file.") from error
    return filesystem, path


def open_binary(name: str) -> Any:
    """Open a file, here or at an address, for reading; its bytes come as they are asked for."""
    if not is_remote(name):
        return Path(name).open("rb")
    filesystem, path = filesystem_of(name)
    return filesystem.open_input_file(path)


def check_there(name: str) -> None:
    """Raise a DataError unless there is such a file; ``-`` is standard input."""
    try:
        if name != "-" and not is_remote(name):
            Path(name).expanduser().stat()
    except OSError as error:
        raise unreadable(name, error) from error


def unreadable(name: str, error: OSError) -> DataError:
    """Return the error for a file that cannot be opened."""
    return DataError(f"{name}: cannot be read ({error.strerror or error}). Check the path.")


def _zstandard(name: str) -> Any:
    need("zstd", f"{name}: zstd")
    import zstandard

    return zstandard


class CompressedReader:
    """A file or standard input, unpacked; :meth:`read` returns what is there, at most ``size`` bytes of it.

    Args:
        name: the file, or ``-``.
        compression: one of :data:`COMPRESSED` or "".
        stdin: what ``-`` is.
        member: which file of a zip archive; None if it holds one table only.

    Raises:
        DataError: from any method, when the file is missing, damaged or cut short.
    """

    def __init__(self, name: str, compression: str, stdin: BinaryIO, member: str | None = None) -> None:
        self.name = name
        self.member = ""  #: the file that is read of a zip archive
        try:
            self.file = stdin if name == "-" else open_binary(name)
            is_regular = name != "-" and (is_remote(name) or Path(name).is_file())
            self.size = self.file.seek(0, os.SEEK_END) if is_regular else None  #: of the file; None for a pipe
            if is_regular:
                self.file.seek(0)
        except OSError as error:
            raise unreadable(name, error) from error
        self._unpacked: Any = self.file
        if compression == ".gz":
            self._unpacked = gzip.GzipFile(fileobj=self.file)
        elif compression == ".zst":
            self._unpacked = _ZstdFrames(self.file, name)
        elif compression == ".zip":
            self._unpacked = self._open_member(member)
        self._piped = not compression and self.size is None

    def read(self, size: int) -> bytes:
        """Return the next bytes, b"" at the end. From a pipe it returns early rather than wait for more."""
        try:
            return _read_pipe(self.file, size) if self._piped else bytes(self._unpacked.read(size))
        except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
            raise DataError(
                f"{self.name}: cannot be read to its end ({error}). The file is damaged or cut short; "
                "the rows before the damage have been read."
            ) from error

    def _open_member(self, wanted: str | None) -> IO[bytes]:
        try:
            archive = zipfile.ZipFile(self.file)
            names = [info.filename for info in archive.infolist() if not info.is_dir()]
            names = [name for name in names if not name.startswith("__MACOSX/") and Path(name).name[:1] != "."]
            fitting = [name for name in names if wanted in (None, name, Path(name).name)]
            if len(fitting) != 1:
                raise DataError(
                    f"{self.name}: {len(fitting)} files in the archive fit, and one is read. It holds "
                    f"{', '.join(names) or 'none'}. Name one with --sheet, or unpack it."
                )
            self.member = fitting[0]
            return archive.open(self.member)
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError) as error:  # damaged, or with a password
            raise DataError(f"{self.name}: cannot be unpacked ({error}). Unpack it yourself.") from error

    @property
    def bytes_read(self) -> int:
        """Return how many bytes of the file, compressed as it is, have been read."""
        return self.file.tell() if self.size is not None else 0

    def close(self) -> None:
        """Close the file, but not standard input."""
        if self.name != "-":
            self.file.close()


def _read_pipe(stream: BinaryIO, size: int) -> bytes:
    """Wait for something, then take what else is there at once: a slow writer gets its answers as it goes."""
    read = getattr(stream, "read1", stream.read)
    data = bytearray(read(size))
    try:
        waiting = stream.fileno() if data and os.name == "posix" else None
    except OSError:  # no file behind it, as in a test
        waiting = None
    while waiting is not None and len(data) < size and select.select([waiting], [], [], 0)[0]:
        more = read(size - len(data))
        if not more:
            break
        data += more
    return bytes(data)


class _ZstdFrames:
    """Reads frame after frame and knows one that is cut short, which the library's own reader takes for the end."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self._library = _zstandard(name)
        self._frame = self._library.ZstdDecompressor().decompressobj()
        self._left = b""
        self._inside = False

    def read(self, size: int) -> bytes:
        while True:
            packed = self._left or self._file.read(max(size // 8, 4096))
            self._left = b""
            if not packed:
                if self._inside:
                    raise EOFError("the last zstd frame has no end")
                return b""
            self._inside = True
            try:
                data = bytes(self._frame.decompress(packed))
            except self._library.ZstdError as error:
                raise EOFError(str(error)) from error
            if self._frame.eof:
                self._left, self._inside = self._frame.unused_data, False
                self._frame = self._library.ZstdDecompressor().decompressobj()
            if data:
                return data


class _Codec(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


class CompressedWriter:
    """Compresses what is written to an open file.

    Raises:
        DataError: ``compression`` is not ``.gz``, ``.zst`` or "".
    """

    def __init__(self, file: BinaryIO, compression: str, name: str) -> None:
        self._file = file
        self._new: Callable[[], _Codec] | None = None
        self._codec: _Codec | None = None
        if compression == ".gz":
            self._new = lambda: zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, 31)
        elif compression == ".zst":
            compressor = _zstandard(name).ZstdCompressor(level=_ZSTD_LEVEL)
            self._new = compressor.compressobj
        elif compression:
            raise DataError(
                f"{name}: {compression} is read, not written. Name a file with .gz or .zst, or with neither."
            )

    def write(self, data: bytes) -> None:
        """Pack and write ``data``."""
        if self._new is not None:
            self._codec = self._codec or self._new()
            data = self._codec.compress(data)
        self._file.write(data)

    def finish(self) -> None:
        """End the part at hand, so that everything written so far can be unpacked, and flush the file."""
        if self._codec is not None:
            self._file.write(self._codec.flush())
            self._codec = None
        self._file.flush()
