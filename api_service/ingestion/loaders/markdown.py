"""Loads a page of Markdown or MDX: its front matter, then its sections from heading to heading."""

from collections.abc import Callable
from pathlib import Path, PurePosixPath

from api_service.documents import Document, Flaw
from api_service.ingestion.loaders import docusaurus, front_matter
from api_service.ingestion.loaders.files import Unreadable, read_text
from api_service.ingestion.loaders.headings import headings, pin
from api_service.ingestion.loaders.links import Site, absolute
from api_service.ingestion.loaders.mdx import to_markdown
from api_service.ingestion.loaders.sections import sections
from api_service.ingestion.loaders.tracing import Traced

_DEEPEST_INCLUDE = 5
_MOST_FLAWS = 20  # of a page: what follows the first few mostly follows from them


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
    place = docusaurus.place(path, about, base_url=base_url)
    root = docusaurus.site_root(folder)
    site = Site(folder=folder, root=root, base_url=base_url, page_url=place.url)
    first = text.count("\n", 0, len(text) - len(source)) + 1
    flaws: list[Flaw] = _oddities(text)

    def flaw(line: int | None, reason: str) -> None:
        if len(flaws) < _MOST_FLAWS:
            flaws.append(Flaw(line, reason))

    markdown = _markdown(Traced.of(source, first=first), site, folder / path, (), flaw)
    marks = [heading for heading in headings(markdown.text) if not heading.is_nested]
    title = about.title or next(
        (mark.text for mark in marks if mark.level == 1 and mark.text), None
    )
    title = title or place.name
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
    site: Site,
    file: Path,
    including: tuple[Path, ...],
    flaw: Callable[[int | None, str], None],
) -> Traced:
    """Return a file's Markdown, with the partials it includes in their places."""

    def partial(target: str) -> str | None:
        included = _included(target, site, file)
        if included is None:
            return None
        if included in (*including, file.resolve()):
            raise Unreadable("It includes itself.")
        if len(including) >= _DEEPEST_INCLUDE:
            raise Unreadable(f"Pages are included {_DEEPEST_INCLUDE} deep at most.")
        _, inside = front_matter.part(read_text(included))

        def flaw_inside(line: int | None, reason: str) -> None:
            flaw(None, f"{included.name}, line {line}: {reason}")

        chain = (*including, included)
        return pin(_markdown(Traced.of(inside), site, included, chain, flaw_inside).text)

    def link(target: str) -> str:
        return absolute(target, site=site, file=file)

    return to_markdown(source, partial=partial, link=link, flaw=flaw)


def _included(target: str, site: Site, file: Path) -> Path | None:
    """Return the file an import names, None for one of a package.

    Raises:
        Unreadable: It lies outside the site that the book is part of.
    """
    root = site.root.resolve()
    if target.startswith("@site/"):
        included = root / target.removeprefix("@site/")
    elif target.startswith("."):
        included = file.parent / target
    else:
        return None
    try:
        included = included.resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise Unreadable("Its path leads nowhere.") from error
    if not included.is_relative_to(root):
        raise Unreadable("It lies outside the site.")
    return included
