"""The files of a book: finding them and reading them, whatever a folder may hold."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path, PurePosixPath

MAX_BYTES = 5 * 1024 * 1024


_noted: ContextVar[set[Path] | None] = ContextVar("noted", default=None)


class Unreadable(Exception):
    """A page cannot be used; its text says why, in a sentence.

    Args:
        reason: The sentence.
        line: Where in the file, from 1, if that is known.
    """

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


def walk(folder: Path) -> Iterator[PurePosixPath]:
    """Yield every file below a folder, relative to it.

    Linked folders are followed, each folder once, so that a loop of links ends.

    Raises:
        OSError: A folder cannot be read. Its pages are not known to be gone.
    """
    seen: set[tuple[int, int]] = set()
    for current, folders, names in os.walk(folder, onerror=_refuse, followlinks=True):
        status = os.stat(current)  # noqa: PTH116 - os.walk gives strings
        here = (status.st_dev, status.st_ino)
        if here in seen:
            folders.clear()
            continue
        seen.add(here)
        folders[:] = sorted(name for name in folders if name != "node_modules")
        below = PurePosixPath(Path(current).relative_to(folder).as_posix())
        yield from (below / name for name in names)


def _refuse(error: OSError) -> None:
    raise error


@contextmanager
def noting_reads() -> Iterator[set[Path]]:
    """Give a set that gets every file that is read, or should have been, within the context."""
    noted: set[Path] = set()
    token = _noted.set(noted)
    try:
        yield noted
    finally:
        _noted.reset(token)


def check(path: Path, *, most: int) -> None:
    """Look at a file before it is opened.

    Args:
        path: The file.
        most: How large it may be, in bytes.

    Raises:
        Unreadable: It is no ordinary file, too large, or may not be looked at.
    """
    noted = _noted.get()
    if noted is not None:
        noted.add(path)
    try:
        status = path.stat()
    except OSError as error:
        raise Unreadable(f"It cannot be read ({error.strerror}).") from error
    if not stat.S_ISREG(status.st_mode):
        raise Unreadable("It is not an ordinary file.")
    if status.st_size > most:
        raise Unreadable(f"It is larger than {most // 1024**2} MB.")


def read_bytes(path: Path, *, most: int = MAX_BYTES) -> bytes:
    """Return what a file of at most so many bytes holds.

    Raises:
        Unreadable: It is no ordinary file, too large, or may not be read.
    """
    check(path, most=most)
    try:
        return path.read_bytes()
    except OSError as error:
        raise Unreadable(f"It cannot be read ({error.strerror}).") from error


def read_text(path: Path) -> str:
    """Return a file's text, its lines ended by line feeds.

    Raises:
        Unreadable: It is no ordinary file, too large, not UTF-8, or may not be read.
    """
    return decoded(read_bytes(path), "utf-8-sig")


def decoded(data: bytes, encoding: str) -> str:
    """Return a file's text, its lines ended by line feeds and without NULs.

    Raises:
        Unreadable: It is not in this encoding.
    """
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        name = "UTF-8" if encoding.startswith("utf-8") else encoding
        raise Unreadable(f"It is not {name} text.", line) from error
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")


def whole(text: str) -> str:
    """Return a text whose escapes have been undone, as one that can be encoded.

    Two surrogates are one character; one that stands alone becomes U+FFFD.
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
