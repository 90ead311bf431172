"""The pages of a PDF file: its lines, read in a process that may not take what it likes."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api_service.ingestion.loaders.files import Unreadable

_SECONDS = 300
_READING = Path(__file__).with_name("reading.py")
_KEPT = ("PATH", "SYSTEMROOT", "TMPDIR")  # of the environment; keys are no business of a file's
_OUT_OF_TIME = frozenset({-signal.SIGKILL, -getattr(signal, "SIGXCPU", signal.SIGTERM)})
_REFUSALS = {4: "It is encrypted, and opens with a password only."}  # FPDF_ERR_PASSWORD


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a page.

    Attributes:
        text: A tab parts columns; a soft hyphen ends a line whose last word goes on in the next.
        left: Where it begins, in points from the page's left.
        bottom: Where it stands, in points from the page's lower edge.
        size: Its height, in points.
        width: That of its first character, in points.
        is_fixed: It is set in a font of fixed width, as code is.
    """

    text: str
    left: float
    right: float
    bottom: float
    size: float
    width: float
    is_fixed: bool
    is_bold: bool


@dataclass(frozen=True, slots=True)
class Page:
    """What one page shows; `is_picture` for one that shows pictures and no text."""

    lines: tuple[Line, ...]
    is_picture: bool = False


@dataclass(frozen=True, slots=True)
class Bookmark:
    """A line of the outline: how deep it stands, from 0, and its page, from 0."""

    level: int
    title: str
    page: int


@dataclass(frozen=True, slots=True)
class Pdf:
    """What a file holds; `count` is how many pages it has, which may be more than were read."""

    title: str
    count: int
    bookmarks: tuple[Bookmark, ...]
    pages: tuple[Page, ...]


def read(path: Path) -> Pdf:
    """Return what a file holds.

    Raises:
        Unreadable: It is damaged, encrypted, or takes too much time or memory.
    """
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    try:
        done = subprocess.run(  # noqa: S603 - our own program, and the path is one argument
            [sys.executable, "-I", str(_READING), str(path)],
            capture_output=True,
            check=False,
            env=kept,
            stdin=subprocess.DEVNULL,
            timeout=_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise Unreadable("It takes too long to read.") from error
    if done.returncode in _OUT_OF_TIME:
        raise Unreadable("It takes too long to read.")
    if done.returncode:
        raise Unreadable("It takes too much memory to read, or is damaged.")
    about, *pages = map(json.loads, done.stdout.splitlines())
    if "refused" in about:
        raise Unreadable(_REFUSALS.get(about["refused"], "It is damaged, or no PDF."))
    return Pdf(
        title=about["title"],
        count=about["pages"],
        bookmarks=tuple(Bookmark(**bookmark) for bookmark in about["bookmarks"]),
        pages=tuple(map(_page, pages)),
    )


def _page(told: dict[str, Any]) -> Page:
    return Page(tuple(Line(**line) for line in told["lines"]), told.get("pictures", False))
