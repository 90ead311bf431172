"""Loads a page of HTML: its main content as Markdown, cut at its headings."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import quote, urljoin, urlsplit

from api_service.documents import Document, Flaw
from api_service.ingestion.loaders.files import Unreadable, read_bytes
from api_service.ingestion.loaders.headings import Heading
from api_service.ingestion.loaders.html import decoding
from api_service.ingestion.loaders.sections import sections
from api_service.ingestion.loaders.tracing import Traced

if TYPE_CHECKING:
    from justhtml.dom import Node

    from api_service.ingestion.loaders.html.lines import Block

_MOST_FLAWS = 20  # of a page
_MANY = 10_000  # lone "<": the parser's time grows with their square
_INSTRUCTION = re.compile(r"<\?[^>]*(?:>|\Z)")
_LONE = re.compile(r"<(?![A-Za-z/!?])")
_SAFE = "/:@!$&'()*+,;=~"
_INDEX = re.compile(r"(?:^|(?<=/))index\.html?$", re.IGNORECASE)
_SUFFIX = re.compile(r"\.html?$", re.IGNORECASE)


def load(folder: Path, path: PurePosixPath, *, base_url: str) -> Document | None:
    """Load one page.

    Args:
        folder: The book's folder.
        path: The page's file, relative to it.
        base_url: Where the book is served.

    Returns:
        The page, or None for one that only sends its readers elsewhere.

    Raises:
        Unreadable: It cannot be read, or the package that reads HTML is not installed.
    """
    try:
        from justhtml import JustHTML
    except ModuleNotFoundError as error:
        raise Unreadable(
            "Reading HTML needs another package: pip install 'ai-book-backend[api,formats]'."
        ) from error
    from api_service.ingestion.loaders.html.blocks import Writer
    from api_service.ingestion.loaders.html.content import content
    from api_service.ingestion.loaders.html.lines import joined
    from api_service.ingestion.loaders.html.tree import readable

    text = _harmless(decoding.text(read_bytes(folder / path)))
    flaws: list[Flaw] = []

    def flaw(line: int | None, reason: str) -> None:
        if len(flaws) < _MOST_FLAWS:
            flaws.append(Flaw(line, reason))

    if (strange := text.find("\ufffd")) >= 0:
        line = text.count("\n", 0, strange) + 1
        flaw(line, "It holds a NUL, or a character that was lost before.")
    root = JustHTML(text, sanitize=False, track_node_locations=True).root
    head = _head(root)
    if head.is_redirect:
        return None
    address = f"{base_url.rstrip('/')}/{quote(_INDEX.sub('', str(path)), safe=_SAFE)}"
    body = content(readable(root, text, flaw))
    block = joined(Writer(address).blocks([body]))
    if not block:
        flaw(None, "The page is empty.")
    marks = _headings(block)
    title = next((mark.text for mark in marks if mark.level == 1), "") or head.title or path.stem
    markdown = Traced("\n".join(line.text for line in block), tuple(line.source for line in block))
    return Document(
        id=str(path.with_suffix("")),
        path=str(path),
        title=title,
        url=_canonical(head.canonical, address),
        sections=sections(markdown, marks, title, has_first_level_anchors=True) if block else (),
        flaws=tuple(flaws),
    )


@dataclass(frozen=True, slots=True)
class _Head:
    """What a page's head says."""

    title: str
    canonical: str
    is_redirect: bool


def _head(root: "Node") -> _Head:
    title = canonical = ""
    is_redirect = False
    for node in _heads(root):
        attributes = {key: value or "" for key, value in (node.attrs or {}).items()}
        if node.name == "title":
            title = title or " ".join(str(node.to_text()).split())
        elif node.name == "link" and attributes.get("rel", "").lower() == "canonical":
            canonical = canonical or attributes.get("href", "").strip()
        elif node.name == "meta" and attributes.get("http-equiv", "").lower() == "refresh":
            is_redirect = "url=" in attributes.get("content", "").lower().replace(" ", "")
    return _Head(title, canonical, is_redirect)


def _heads(root: "Node") -> Iterator["Node"]:
    """Yield the elements of a page's head."""
    from justhtml.dom import Node

    for top in root.children or []:
        for head in top.children or [] if top.name == "html" else []:
            inside = head.children or [] if head.name == "head" else []
            yield from (node for node in inside if isinstance(node, Node))


def _canonical(claimed: str, address: str) -> str:
    """Return a page's address in the form it claims for itself.

    A claim is trusted for the form alone, with ".html" or without, with a slash at the end or
    without: one to another site or page would send readers there.
    """
    try:
        claim = urlsplit(urljoin(address, claimed))._replace(query="", fragment="").geturl()
    except ValueError:
        return address
    return claim if claimed and _bare(claim) == _bare(address) else address


def _bare(address: str) -> str:
    return _SUFFIX.sub("", _INDEX.sub("", address)).rstrip("/")


def _harmless(text: str) -> str:
    """Return a page without what the parser takes for text, or needs very long for.

    It keeps "<?xml ...?>" where the standard drops it.
    """
    text = _INSTRUCTION.sub(lambda match: "\n" * match[0].count("\n"), text)
    return _LONE.sub("&lt;", text) if sum(1 for _ in _LONE.finditer(text)) > _MANY else text


def _headings(block: "Block") -> list[Heading]:
    """Return the headings; one without an id has the fragment of the one it stands under."""
    found: list[Heading] = []
    above: list[Heading] = []
    for number, line in enumerate(block):
        if line.head is None:
            continue
        above = [heading for heading in above if heading.level < line.head.level]
        inherited = above[-1].anchor if above else ""
        heading = Heading(
            start=number,
            end=number + 1,
            level=line.head.level,
            text=line.head.text,
            anchor=line.head.anchor or inherited,
            is_pinned=bool(line.head.anchor),
            is_nested=False,
        )
        found.append(heading)
        above.append(heading)
    return found
