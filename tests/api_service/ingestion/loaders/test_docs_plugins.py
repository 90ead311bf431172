from pathlib import Path

import pytest

from api_service.ingestion.loaders.docs_plugins import Configuration, load_configuration, route
from api_service.ingestion.loaders.docusaurus import EXCLUDE, INCLUDE


def configured(folder: Path, settings: str, **files: str) -> Configuration:
    for name, text in files.items():
        (folder / f"{name}.json").write_text(text)
    file = folder / "docusaurus.config.js"
    file.write_text(f"module.exports = {{{settings}}};")
    return load_configuration(file)


def docs(folder: Path, options: str, **files: str) -> Configuration:
    return configured(folder, f"presets: [['classic', {{docs: {{{options}}}}}]]", **files)


def test_without_a_word_docusaurus_own_defaults_count(tmp_path: Path) -> None:
    said = configured(tmp_path, "")
    assert (said.path, said.trailing_slash, said.keep_case, said.flaws) == ("", None, False, ())
    assert [(language.name, language.path) for language in said.languages] == [("en", "")]
    (plugin,) = said.plugins
    assert (plugin.id, plugin.folder, plugin.route) == ("default", "docs", "docs")
    assert (plugin.include, plugin.exclude, plugin.number_prefixes) == (INCLUDE, EXCLUDE, True)
    assert (plugin.versions, plugin.last) == ((("current", ""),), "current")


@pytest.mark.parametrize(
    ("settings", "routes"),
    [
        ("presets: ['classic']", ["docs"]),
        ("presets: ['@docusaurus/preset-classic']", ["docs"]),
        ("presets: [[require.resolve('@docusaurus/preset-classic'), {docs: {}}]]", ["docs"]),
        ("presets: [['classic', {docs: {routeBasePath: '/'}}]]", ["/"]),
        ("presets: [['classic', {docs: false}]]", []),
        ("plugins: ['content-docs']", ["docs"]),
        ("plugins: [['content-docs', {routeBasePath: 'a'}], './mine']", ["a"]),
        ("plugins: [[require('@docusaurus/plugin-content-docs'), {routeBasePath: 'a'}]]", ["a"]),
        (
            "presets: ['classic'], plugins: [['content-docs', {id: 'b', routeBasePath: 'b'}]]",
            ["docs", "b"],
        ),
        ("presets: [['./mine', {}]], plugins: [() => 1, [], null]", ["docs"]),
    ],
)
def test_every_set_of_docs_is_found(tmp_path: Path, settings: str, routes: list[str]) -> None:
    assert [plugin.route for plugin in configured(tmp_path, settings).plugins] == routes


@pytest.mark.parametrize(
    ("options", "versions", "last"),
    [
        ("", [("current", "next"), ("2.0", ""), ("1.0", "1.0")], "2.0"),
        ("lastVersion: 'current'", [("current", ""), ("2.0", "2.0"), ("1.0", "1.0")], "current"),
        ("lastVersion: '1.0'", [("current", "next"), ("2.0", "2.0"), ("1.0", "")], "1.0"),
        ("includeCurrentVersion: false", [("2.0", ""), ("1.0", "1.0")], "2.0"),
        ("onlyIncludeVersions: ['1.0']", [("1.0", "")], "1.0"),
        ("disableVersioning: true", [("current", "")], "current"),
        (
            "versions: {current: {path: 'dev'}, '2.0': {path: 'two', label: 'Two'}}",
            [("current", "dev"), ("2.0", "two"), ("1.0", "1.0")],
            "2.0",
        ),
    ],
)
def test_versions_have_the_paths_docusaurus_gives_them(
    tmp_path: Path, options: str, versions: list[tuple[str, str]], last: str
) -> None:
    (plugin,) = docs(tmp_path, options, versions='["2.0", "1.0"]').plugins
    assert (list(plugin.versions), plugin.last) == (versions, last)


def test_a_last_version_that_is_none_of_the_versions_is_named_and_the_newest_counts(
    tmp_path: Path,
) -> None:
    said = docs(tmp_path, "lastVersion: '3.0'", versions='["2.0"]')
    assert (said.plugins[0].last, said.plugins[0].versions) == (
        "2.0",
        (("current", "next"), ("2.0", "")),
    )
    (flaw,) = said.flaws
    assert flaw.reason == 'lastVersion names "3.0", which is none of current, 2.0; 2.0 is taken.'


@pytest.mark.parametrize("text", ["", "{}", "[1, null]", "[" * 100_000, "\udcff"])
def test_a_broken_list_of_versions_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "versions.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    (plugin,) = docs(tmp_path, "").plugins
    assert plugin.versions == (("current", ""),)


def test_another_set_of_docs_has_a_list_of_versions_of_its_own(tmp_path: Path) -> None:
    said = docs(tmp_path, "id: 'lab'", versions='["9"]', lab_versions='["1"]')
    assert said.plugins[0].versions == (("current", "next"), ("1", ""))


def test_languages_stand_below_the_site_s_path_but_for_the_default(tmp_path: Path) -> None:
    said = configured(
        tmp_path,
        "baseUrl: '/lib/', i18n: {path: 'texts', defaultLocale: 'fr', locales: ['en', 'fr', 'de'], "
        "localeConfigs: {de: {path: 'de-DE', baseUrl: '/deutsch/'}}}",
    )
    assert said.translations == "texts"
    assert [(language.name, language.folder, language.path) for language in said.languages] == [
        ("fr", "fr", "/lib"),
        ("en", "en", "/lib/en"),
        ("de", "de-DE", "/deutsch"),
    ]


def test_what_only_running_tells_is_named_with_its_line_and_the_default_counts(
    tmp_path: Path,
) -> None:
    said = configured(
        tmp_path,
        "\nbaseUrl: compute(),\ntrailingSlash: process.env.SLASH,\n"
        "presets: [['classic', {docs: {\nnumberPrefixParser: (name) => ({filename: name}),\n"
        "exclude: patterns}}]],\nplugins: [['content-docs', options]]",
    )
    tells = "Only running the configuration tells"
    assert {flaw.line: flaw.reason for flaw in said.flaws} == {
        2: f'{tells} baseUrl; "/" is taken.',
        3: f"{tells} trailingSlash; the default is taken.",
        5: f"{tells} numberPrefixParser; true is taken.",
        6: f"{tells} exclude; the default is taken.",
        7: f"{tells} the options of its docs; the defaults are taken.",
    }
    assert said.path == ""
    assert said.plugins[0].exclude == EXCLUDE


def test_docs_that_may_be_among_what_is_not_understood_are_told(tmp_path: Path) -> None:
    said = configured(tmp_path, "presets: [...shared]")
    assert said.plugins[0].route == "docs"
    assert "the options of its docs" in said.flaws[0].reason
    assert configured(tmp_path, "presets: ['classic'], plugins: [() => 1]").flaws == ()


@pytest.mark.parametrize(
    ("data", "line", "reason"),
    [
        (b"module.exports = build();", 1, "its settings"),
        (b"\xff", 1, "not UTF-8"),
        (b"", 1, "its settings"),
    ],
)
def test_a_configuration_that_cannot_be_read_is_one_flaw(
    tmp_path: Path, data: bytes, line: int, reason: str
) -> None:
    file = tmp_path / "docusaurus.config.ts"
    file.write_bytes(data)
    said = load_configuration(file)
    (flaw,) = said.flaws
    assert flaw.line == line
    assert reason in flaw.reason
    assert said.plugins[0].route == "docs"


def test_patterns_that_stand_for_thousands_are_refused(tmp_path: Path) -> None:
    said = docs(tmp_path, "include: ['**/*.{1..5000}']")
    assert said.plugins[0].include == INCLUDE
    assert "Too many patterns" in said.flaws[0].reason


def test_paths_are_joined_with_single_slashes() -> None:
    assert route("/a//b/", "", "/", "c") == "/a/b/c"
    assert route("/", "") == ""
