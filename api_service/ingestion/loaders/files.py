"""The files of a book: finding them and reading them, whatever a folder may hold."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

MAX_BYTES = 5 * 1024 * 1024


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


def read_text(path: Path) -> str:
    """Return a file's text, its lines ended by line feeds.

    Raises:
        Unreadable: It is no ordinary file, too large, not UTF-8, or may not be read.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise Unreadable("It is not an ordinary file.")
        if status.st_size > MAX_BYTES:
            raise Unreadable(f"It is larger than {MAX_BYTES // 1024**2} MB.")
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise Unreadable("It is not UTF-8 text.", line) from error
    except OSError as error:
        raise Unreadable(f"It cannot be read ({error.strerror}).") from error
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
