"""Loads a page of Markdown or MDX: its front matter, then its sections from heading to heading."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from api_service.documents import Document, Flaw
from api_service.ingestion.loaders import docusaurus, front_matter
from api_service.ingestion.loaders.files import Unreadable, read_text
from api_service.ingestion.loaders.headings import headings, pin
from api_service.ingestion.loaders.links import absolute
from api_service.ingestion.loaders.mdx import to_markdown
from api_service.ingestion.loaders.sections import sections
from api_service.ingestion.loaders.sites import Site, site_of
from api_service.ingestion.loaders.tracing import Traced

_DEEPEST_INCLUDE = 5
_MOST_INCLUDES = 500  # in one page, with those in what it includes: a few lines each would do
_INCLUDED = frozenset({".md", ".mdx", ".markdown", ".rst", ".txt"})
_MOST_FLAWS = 20  # of a page: what follows the first few mostly follows from them


@dataclass(frozen=True, slots=True)
class _Page:
    """A file while it is read: its own page's, or one that the page at `url` includes.

    `left` yields as often as something may still be included, in whatever file of the page.
    """

    site: Site
    url: str
    file: Path
    left: Iterator[int]


def load(folder: Path, path: PurePosixPath, *, base_url: str) -> Document | None:
    """Load one page.

    Args:
        folder: The book's folder.
        path: The page's file, relative to it.
        base_url: Where the book is served.

    Returns:
        The page, or None if it is a draft or unlisted.

    Raises:
        Unreadable: It cannot be read, or its front matter cannot.
    """
    text = read_text(folder / path)
    about, source = front_matter.part(text)
    if not about.published:
        return None
    site = site_of(folder, base_url)
    place = docusaurus.place(path, about, base_url=site.base_url, rules=site.rules)
    first = text.count("\n", 0, len(text) - len(source)) + 1
    flaws: list[Flaw] = _oddities(text)

    def flaw(line: int | None, reason: str) -> None:
        if len(flaws) < _MOST_FLAWS:
            flaws.append(Flaw(line, reason))

    page = _Page(site, place.url, folder / path, iter(range(_MOST_INCLUDES)))
    markdown = _markdown(Traced.of(source, first=first), page, (), flaw)
    found = headings(markdown.text, keep_case=site.rules.keep_case)
    marks = [heading for heading in found if not heading.is_nested]
    title = about.title or next(
        (mark.text for mark in marks if mark.level == 1 and mark.text), None
    )
    title = title or about.sidebar_label or place.name
    return Document(
        id=place.id,
        path=str(path),
        title=title,
        url=place.url,
        sections=sections(markdown, marks, title),
        flaws=tuple(flaws),
    )


def _oddities(text: str) -> list[Flaw]:
    """Name what tells that a file is not what its name says, though it can be read."""
    if not text.strip():
        return [Flaw(None, "The page is empty.")]
    if (strange := text.find("\ufffd")) >= 0:
        line = text.count("\n", 0, strange) + 1
        return [Flaw(line, "It holds a NUL, or a character that was lost before.")]
    return []


def _markdown(
    source: Traced,
    page: _Page,
    including: tuple[Path, ...],
    flaw: Callable[[int | None, str], None],
) -> Traced:
    """Return a file's Markdown, with the partials it includes in their places."""

    def partial(target: str) -> str | None:
        included = _included(target, page)
        if included is None:
            return None
        if included in (*including, page.file.resolve()):
            raise Unreadable("It includes itself.")
        if len(including) >= _DEEPEST_INCLUDE:
            raise Unreadable(f"Pages are included {_DEEPEST_INCLUDE} deep at most.")
        if next(page.left, None) is None:
            raise Unreadable(f"A page includes {_MOST_INCLUDES} others at most.")
        _, inside = front_matter.part(read_text(included))

        def flaw_inside(line: int | None, reason: str) -> None:
            flaw(None, f"{included.name}, line {line}: {reason}")

        chain = (*including, included)
        part = _markdown(Traced.of(inside), replace(page, file=included), chain, flaw_inside)
        return pin(part.text, keep_case=page.site.rules.keep_case)

    def link(target: str) -> str:
        return absolute(target, site=page.site, page_url=page.url, file=page.file)

    return to_markdown(source, partial=partial, link=link, flaw=flaw)


def _included(target: str, page: _Page) -> Path | None:
    """Return the file an import names, None for one of a package.

    Raises:
        Unreadable: It lies outside the site that the book is part of.
    """
    if target.startswith("@site/"):
        included = page.site.root / target.removeprefix("@site/")
    elif target.startswith("."):
        included = page.file.parent / target
    else:
        return None
    try:
        included = included.resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise Unreadable("Its path leads nowhere.") from error
    if not page.site.holds(included):
        raise Unreadable("It lies outside the site.")
    # What lies beside a book need not be meant for its readers: a key, what .env holds.
    if included.suffix.lower() not in _INCLUDED or not page.site.shows(included):
        raise Unreadable("It is hidden, or not a page's text.")
    return included
