"""Where a page of a Docusaurus book lives: which files are pages, their ids, slugs and addresses.

Source: @docusaurus/plugin-content-docs 3.10 (numberPrefix, slug, docs, options) and
applyTrailingSlash of @docusaurus/utils-common.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from posixpath import normpath
from urllib.parse import quote, unquote, urlsplit

from wcmatch import glob

from api_service.ingestion.loaders.files import whole

INCLUDE = ("**/*.{md,mdx}",)
EXCLUDE = (
    "**/_*.{js,jsx,ts,tsx,md,mdx}",
    "**/_*/**",
    "**/*.test.{js,jsx,ts,tsx}",
    "**/__tests__/**",
)
_PATTERNS = glob.GLOBSTAR | glob.BRACE | glob.EXTGLOB
_MARKDOWN = frozenset({".md", ".mdx"})
# 2024-01-30-release and 1.0-changes keep their numbers: they are dates and versions.
_DATE_OR_VERSION = re.compile(r"\d+[-_.]\d+")
_NUMBERED = re.compile(r"\d+\s*[-_.]+\s*(?P<rest>[^-_.\s].*)")
_SLASHES = re.compile(r"/{2,}")
_TRUE = frozenset({True, "true"})


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What a page says about itself before its text; absent members are None.

    Raises:
        ValueError: The id holds a slash, which Docusaurus refuses too.
    """

    title: str | None = None
    sidebar_label: str | None = None
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
            sidebar_label=_text(values, "sidebar_label"),
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


@dataclass(frozen=True, slots=True)
class Rules:
    """What a site's configuration says of its pages and their addresses.

    Attributes:
        include: Patterns of the Markdown files that are pages.
        exclude: Patterns of those that are none.
        number_prefixes: Whether "01-" goes from ids and addresses.
        trailing_slash: Whether addresses end with a slash; None leaves them as they come.
        keep_case: Whether anchors keep capital letters.
        home: Where the site itself is read, with a slash at the end, if that is known.
    """

    include: tuple[str, ...] = ("**/*.[mM][dD]", "**/*.[mM][dD][xX]")
    exclude: tuple[str, ...] = EXCLUDE
    number_prefixes: bool = True
    trailing_slash: bool | None = None
    keep_case: bool = False
    home: str | None = None

    def slashed(self, url: str) -> str:
        """Return the address of a page with or without a slash at its end, as the site has it."""
        if self.trailing_slash is None or url == self.home or urlsplit(url).path == "/":
            return url
        return url.rstrip("/") + ("/" if self.trailing_slash else "")


NO_SITE = Rules()
"""For a folder without a site: every case of ".md" is a page's ending."""


def is_page(path: PurePosixPath, rules: Rules = NO_SITE) -> bool:
    """Tell whether a file is a page: partials (_x.md) and hidden files are not."""
    if path.suffix.lower() not in _MARKDOWN:
        return not any(part.startswith(("_", ".")) for part in path.parts)
    name = str(path)
    return matcher(rules.include).match(name) and not matcher(rules.exclude, dots=True).match(name)


@lru_cache(maxsize=32)
def matcher(patterns: tuple[str, ...], *, dots: bool = False) -> glob.WcMatcher[str]:
    """Return what matches paths against a site's patterns; `dots`: names with a dot first, too.

    Raises:
        PatternLimitException: They stand for more than a thousand.
    """
    return glob.compile(patterns, flags=_PATTERNS | (glob.DOTGLOB if dots else 0))


def place(
    path: PurePosixPath, front_matter: FrontMatter, *, base_url: str, rules: Rules = NO_SITE
) -> Place:
    """Return a page's id and address.

    Args:
        path: The source file, relative to the book's folder.
        front_matter: The page's own.
        base_url: Where the book is served, without a slash at its end.
        rules: The site's.
    """
    numbered = rules.number_prefixes and front_matter.number_prefixes
    clean = _without_number if numbered else str
    folders = tuple(clean(part) for part in path.parent.parts)
    name = front_matter.id or clean(path.stem)
    # A slug may be percent-encoded already; decoding first keeps it from being encoded twice.
    slug = unquote(front_matter.slug) if front_matter.slug else None
    address = quote(_slug(path, folders, slug, name), safe="/:@!$&'()*+,;=~")
    url = rules.slashed(base_url.rstrip("/") + address)
    return Place(id="/".join((*folders, name)), name=name, url=url)


def _slug(path: PurePosixPath, folders: tuple[str, ...], slug: str | None, name: str) -> str:
    folder = "/".join(("", *folders, ""))
    if slug is None:
        is_index = path.stem.lower() in {"index", "readme", path.parent.name.lower()}
        return folder if is_index else folder + name
    resolved = normpath(_SLASHES.sub("/", slug if slug.startswith("/") else folder + slug))
    ends_open = slug.rpartition("/")[2] in {"", ".", ".."}
    return f"{resolved.rstrip('/')}/" if ends_open else resolved


def _without_number(name: str) -> str:
    match = None if _DATE_OR_VERSION.match(name) else _NUMBERED.fullmatch(name)
    return match["rest"] if match else name


def _text(values: dict[str, object], member: str) -> str | None:
    value = values.get(member)
    if isinstance(value, (list, dict)):
        raise ValueError(f"its {member} must be text")  # noqa: TRY004 - one error for one cause: the page
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # as JavaScript writes it: 1.0 is "1"
    return None if value is None else whole(str(value)).replace("\0", "\ufffd").strip() or None


def _flag(values: dict[str, object], member: str) -> bool:
    value = values.get(member)
    return isinstance(value, (bool, str)) and value in _TRUE
