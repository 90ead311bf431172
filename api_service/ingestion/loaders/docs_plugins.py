"""The sets of docs that a site's configuration names, and what it says of their addresses."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from wcmatch._wcparse import PatternLimitException  # it is exported nowhere else

from api_service.documents import Flaw
from api_service.ingestion.loaders.configuration import Module, Record, Unknown, Value, read
from api_service.ingestion.loaders.docusaurus import EXCLUDE, INCLUDE, matcher
from api_service.ingestion.loaders.files import Unreadable, read_text, whole

CURRENT = "current"
_PLUGINS = frozenset(
    {"@docusaurus/plugin-content-docs", "@docusaurus/content-docs", "content-docs"}
)
_PRESETS = frozenset({"@docusaurus/preset-classic", "@docusaurus/classic", "classic"})

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Language:
    """One language of a site: its name, its folder in `i18n/`, and its path, such as "/fr"."""

    name: str
    folder: str
    path: str


@dataclass(frozen=True, slots=True)
class DocsPlugin:
    """One set of docs.

    Attributes:
        id: "default" for the only one.
        folder: Where the pages of the current version stand, relative to the site.
        route: The path of its pages below the site's.
        include: Patterns of the files that are pages.
        exclude: Patterns of those that are none.
        number_prefixes: Whether "01-" goes from names.
        versions: Names and paths below the route: "" for what readers see first, "next".
        last: The name of the version that readers see first.
    """

    id: str
    folder: str
    route: str
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    number_prefixes: bool
    versions: tuple[tuple[str, str], ...]
    last: str


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a site's configuration says of addresses.

    Attributes:
        path: The site's, such as "/library".
        trailing_slash: Whether addresses end with a slash; None leaves them as they come.
        keep_case: Whether anchors keep capital letters.
        translations: The folder of translations, relative to the site.
        languages: The default one comes first.
        plugins: In their order.
        flaws: What could not be read, with its line; the default counts for it.
    """

    path: str
    trailing_slash: bool | None
    keep_case: bool
    translations: str
    languages: tuple[Language, ...]
    plugins: tuple[DocsPlugin, ...]
    flaws: tuple[Flaw, ...]


def load_configuration(file: Path) -> Configuration:
    """Read a configuration file, and the `versions.json` beside it; what is amiss is a flaw."""
    flaws: list[Flaw] = []
    try:
        exported = read(read_text(file))
    except Unreadable as error:
        exported = Record()
        flaws.append(Flaw(error.line, error.reason))
    options = _options(exported, "its settings", flaws)
    path = options.text("baseUrl", "/")
    markdown = options.record("markdown")
    translations, languages = _languages(options.record("i18n"), path)
    return Configuration(
        path=route(path),
        trailing_slash=options.flag("trailingSlash", default=None),
        keep_case=bool(markdown.record("anchors").flag("maintainCase", default=False)),
        translations=translations,
        languages=languages,
        plugins=tuple(
            _plugin(_options(found, "the options of its docs", flaws), file.parent)
            for found in _plugin_options(options)
        ),
        flaws=tuple(dict.fromkeys(flaws)),
    )


def route(*parts: str) -> str:
    """Join paths to one that begins with a slash and ends without; "" for the root."""
    return "".join(f"/{name}" for part in parts for name in part.split("/") if name)


@dataclass(frozen=True, slots=True)
class _Options:
    """Picks settings from an object; for what is Unknown a flaw is noted and the default taken."""

    values: Record
    flaws: list[Flaw]

    def _picked(self, name: str, kind: type[_T], default: str) -> _T | None:
        value = self.values.get(name)
        if isinstance(value, kind):
            return value
        if isinstance(value, Unknown | Module):
            self.flaws.append(_flaw(value.line, name, f"{default} is taken"))
        return None

    def text(self, name: str, default: str) -> str:
        value = self._picked(name, str, json.dumps(default))
        return default if value is None else value

    def flag(self, name: str, *, default: bool | None) -> bool | None:
        value = self._picked(name, bool, "the default" if default is None else json.dumps(default))
        return default if value is None else value

    def texts(self, name: str, default: tuple[str, ...]) -> tuple[str, ...]:
        value: list[Value] | None = self._picked(name, list, "the default")
        if value is None:
            return default
        return tuple(item for item in value if isinstance(item, str))

    def items(self, name: str) -> list[Value]:
        value: list[Value] | None = self._picked(name, list, "none")
        return value or []

    def record(self, name: str) -> "_Options":
        return _Options(self._picked(name, Record, "none") or Record(), self.flaws)


def _options(value: Value, name: str, flaws: list[Flaw]) -> _Options:
    if isinstance(value, Unknown | Module):
        flaws.append(_flaw(value.line, name, "the defaults are taken"))
    return _Options(value if isinstance(value, Record) else Record(), flaws)


def _flaw(line: int, name: str, taken: str) -> Flaw:
    return Flaw(line, f"Only running the configuration tells {name}; {taken}.")


def _languages(options: _Options, path: str) -> tuple[str, tuple[Language, ...]]:
    default = options.text("defaultLocale", "en")
    names = dict.fromkeys((default, *options.texts("locales", (default,))))
    details = options.record("localeConfigs")

    def language(name: str) -> Language:
        own = details.record(name)
        usual = path if name == default else f"{path}/{name}"
        return Language(name, own.text("path", name), route(own.text("baseUrl", usual)))

    return options.text("path", "i18n"), tuple(language(name) for name in names)


def _plugin_options(options: _Options) -> Iterator[Value]:
    """Yield the options of every set of docs, presets first, as Docusaurus loads them."""
    found = False
    for preset in options.items("presets"):
        name, own = _entry(preset)
        if name in _PRESETS:
            found = True
            docs = own.get("docs") if isinstance(own, Record) else own
            if docs is not False:
                yield docs
    for plugin in options.items("plugins"):
        name, own = _entry(plugin)
        if name in _PLUGINS:
            found = True
            yield own
    if not found:
        unknown = (
            entry
            for name in ("presets", "plugins")
            for entry in options.items(name)
            if isinstance(entry, Unknown)
        )
        yield next(unknown, None)


def _entry(entry: Value) -> tuple[str | None, Value]:
    """Return the name of a preset or plugin and its options."""
    named, *rest = entry if isinstance(entry, list) and entry else [entry]
    name = named.name if isinstance(named, Module) else named
    return name if isinstance(name, str) else None, rest[0] if rest else Record()


def _plugin(options: _Options, site: Path) -> DocsPlugin:
    id_ = options.text("id", "default")
    versions, last = _versions(options, prefixed(id_, "versions.json"), site)
    numbers = options.flag("numberPrefixParser", default=True)
    return DocsPlugin(
        id=id_,
        folder=options.text("path", "docs"),
        route=options.text("routeBasePath", "docs"),
        include=_patterns(options, "include", INCLUDE),
        exclude=_patterns(options, "exclude", EXCLUDE),
        number_prefixes=numbers is not False,
        versions=versions,
        last=last,
    )


def _patterns(options: _Options, name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    patterns = options.texts(name, default)
    try:
        matcher(patterns)
    except PatternLimitException:
        options.flaws.append(Flaw(None, f"Too many patterns in {name}; the default is taken."))
        return default
    return patterns


def prefixed(id_: str, name: str) -> str:
    """Return the name of a plugin's own file or folder in the site's folder."""
    return name if id_ == "default" else f"{id_}_{name}"


def _versions(options: _Options, file: str, site: Path) -> tuple[tuple[tuple[str, str], ...], str]:
    names = [] if options.flag("disableVersioning", default=False) else _frozen(site / file)
    if options.flag("includeCurrentVersion", default=True) and CURRENT not in names:
        names.insert(0, CURRENT)
    only = options.texts("onlyIncludeVersions", tuple(names))
    names = [name for name in names if name in only] or [CURRENT]
    first = next((name for name in names if name != CURRENT), CURRENT)
    last = options.text("lastVersion", first)
    if last not in names:  # Docusaurus stops here; no folder would be what readers see first
        reason = (
            f'lastVersion names "{last}", which is none of {", ".join(names)}; {first} is taken.'
        )
        options.flaws.append(Flaw(None, reason))
        last = first
    details = options.record("versions")

    def path(name: str) -> str:
        usual = "" if name == last else "next" if name == CURRENT else name
        return details.record(name).text("path", usual)

    return tuple((name, path(name)) for name in names), last


def _frozen(file: Path) -> list[str]:
    """Return the versions that `docusaurus docs:version` has set apart, the newest first."""
    try:
        names = json.loads(read_text(file)) if file.is_file() else []
    except (OSError, Unreadable, ValueError, RecursionError):
        return []
    given = names if isinstance(names, list) else []
    return [whole(name) for name in given if isinstance(name, str)]
