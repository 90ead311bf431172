"""Where a page of a Docusaurus book lives: which files are pages, their ids, slugs and addresses.

Source: @docusaurus/plugin-content-docs 3 (numberPrefix, slug, docs and the default `exclude`).
"""

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from posixpath import normpath
from urllib.parse import quote, unquote

# 2024-01-30-release and 1.0-changes keep their numbers: they are dates and versions.
_DATE = re.compile(r"^(?:\d{2}|\d{4})[-_.]\d{2}(?:[-_.](?:\d{2}|\d{4}))?.*$")
_VERSION = re.compile(r"^\d+[-_.]\d+.*$")
_NUMBERED = re.compile(r"^\d+\s*[-_.]+\s*(?P<rest>[^-_.\s].*)$")
_DEEPEST_DOCS = 4  # i18n/fr/docusaurus-plugin-content-docs/current
_TRUE = frozenset({True, "true"})


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What a page says about itself before its text; absent members are None.

    Raises:
        ValueError: The id holds a slash, which Docusaurus refuses too.
    """

    title: str | None = None
    id: str | None = None
    slug: str | None = None
    published: bool = True
    number_prefixes: bool = True

    def __post_init__(self) -> None:
        if self.id is not None and "/" in self.id:
            raise ValueError(f"its id {self.id!r} must not contain a slash")

    @classmethod
    def from_mapping(cls, values: dict[str, object]) -> "FrontMatter":
        """Read the members that matter here; drafts and unlisted pages are not published.

        Raises:
            ValueError: A member has a value that cannot be meant.
        """
        return cls(
            title=_text(values, "title"),
            id=_text(values, "id"),
            slug=_text(values, "slug"),
            published=not (_flag(values, "draft") or _flag(values, "unlisted")),
            number_prefixes=values.get("parse_number_prefixes") is not False,
        )


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page stands.

    Attributes:
        id: Folders and name without number prefixes, such as "foundations/sensors".
        name: The last part of the id: the page's title if it has no other.
        url: Where the page is read; a folder's own page ends with "/".
    """

    id: str
    name: str
    url: str


def is_page(path: PurePosixPath) -> bool:
    """Tell whether a file is a page: partials (_x.md), tests and hidden files are not."""
    if any(part.startswith(("_", ".")) or part == "__tests__" for part in path.parts):
        return False
    return not path.stem.endswith(".test")


def site_root(folder: Path) -> Path:
    """Return the folder of the site a book's folder is part of: where its configuration stands.

    A folder without one above it is taken for the `docs` of a site.
    """
    near = (folder, *folder.parents[:_DEEPEST_DOCS])
    return next((above for above in near if _configuration(above)), folder.parent)


def _configuration(folder: Path) -> Path | None:
    names = (f"docusaurus.config.{suffix}" for suffix in ("js", "ts", "mjs", "cjs", "mts", "cts"))
    return next((file for file in map(folder.joinpath, names) if file.is_file()), None)


def place(path: PurePosixPath, front_matter: FrontMatter, *, base_url: str) -> Place:
    """Return a page's id and address.

    Args:
        path: The source file, relative to the book's folder.
        front_matter: The page's own.
        base_url: Where the book is served, without a slash at its end.
    """
    clean = _without_number if front_matter.number_prefixes else str
    folders = tuple(clean(part) for part in path.parent.parts)
    name = front_matter.id or clean(path.stem)
    # A slug may be percent-encoded already; decoding first keeps it from being encoded twice.
    slug = unquote(front_matter.slug) if front_matter.slug else None
    address = quote(_slug(path, folders, slug, name), safe="/:@!$&'()*+,;=~")
    return Place(id="/".join((*folders, name)), name=name, url=base_url.rstrip("/") + address)


def _slug(path: PurePosixPath, folders: tuple[str, ...], slug: str | None, name: str) -> str:
    folder = "/".join(("", *folders, ""))
    if slug is None:
        is_index = path.stem.lower() in {"index", "readme", path.parent.name.lower()}
        return folder if is_index else folder + name
    if slug.startswith("/"):
        return normpath(slug) if ".." in slug.split("/") else slug
    resolved = normpath(folder + slug)
    ends_open = slug.endswith("/") or slug in {".", ".."}
    return f"{resolved.rstrip('/')}/" if ends_open else resolved


def _without_number(name: str) -> str:
    if _DATE.match(name) or _VERSION.match(name):
        return name
    match = _NUMBERED.match(name)
    return match["rest"] if match else name


def _text(values: dict[str, object], member: str) -> str | None:
    value = values.get(member)
    if isinstance(value, (list, dict)):
        raise ValueError(f"its {member} must be text")  # noqa: TRY004 - one error for one cause: the page
    return None if value is None else str(value).strip() or None


def _flag(values: dict[str, object], member: str) -> bool:
    value = values.get(member)
    return isinstance(value, (bool, str)) and value in _TRUE
