from pathlib import PurePosixPath

import pytest

from api_service.ingestion.loaders.docusaurus import FrontMatter, Rules, is_page, place

BASE = "https://book.example/docs"


def url(path: str, **front_matter: str | bool) -> str:
    about = FrontMatter.from_mapping(dict(front_matter))
    found = place(PurePosixPath(path), about, base_url=BASE)
    return found.url.removeprefix(BASE)


def page_id(path: str, **front_matter: str | bool) -> str:
    about = FrontMatter.from_mapping(dict(front_matter))
    return place(PurePosixPath(path), about, base_url=BASE).id


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("sensors.md", "sensors"),
        ("01-foundations/02-sensors.md", "foundations/sensors"),
        ("1. Start/003 - Install.mdx", "Start/Install"),
        ("01_a/02--b.md", "a/b"),
        ("2024-01-30-release.md", "2024-01-30-release"),
        ("01-02-2024.md", "01-02-2024"),
        ("1.0-changes.md", "1.0-changes"),
        ("8.1.md", "8.1"),
        ("10.md", "10"),
        ("3d-vision.md", "3d-vision"),
        ("7-.md", "7-"),
    ],
)
def test_number_prefixes_leave_ids_and_addresses_but_dates_and_versions_stay(
    path: str, expected: str
) -> None:
    assert page_id(path) == expected
    assert url(path) == "/" + expected.replace(" ", "%20")


def test_number_prefixes_stay_where_the_page_says_so() -> None:
    path = "01-foundations/02-sensors.md"
    assert page_id(path, parse_number_prefixes=False) == "01-foundations/02-sensors"
    assert url(path, parse_number_prefixes=False) == "/01-foundations/02-sensors"


@pytest.mark.parametrize(
    "name", ["index.md", "README.md", "readme.mdx", "INDEX.mdx", "01-robots.md"]
)
def test_a_folder_s_own_page_takes_the_folder_s_address(name: str) -> None:
    assert url(f"01-robots/{name}") == "/robots/"


def test_a_page_named_as_its_folder_without_the_number_is_a_page_of_its_own() -> None:
    assert url("01-robots/robots.md") == "/robots/robots"


@pytest.mark.parametrize("name", ["index.md", "README.mdx"])
def test_the_book_s_own_page_takes_the_book_s_address(name: str) -> None:
    assert url(name) == "/"


@pytest.mark.parametrize(
    ("path", "slug", "expected"),
    [
        ("guides/arm.md", "/", "/"),
        ("guides/arm.md", "/hello/world", "/hello/world"),
        ("guides/arm.md", "/hello/", "/hello/"),
        ("01-guides/arm.md", "my-arm", "/guides/my-arm"),
        ("guides/arm.md", "./my-arm", "/guides/my-arm"),
        ("guides/arm.md", "../my-arm", "/my-arm"),
        ("guides/arm.md", "../../../../escape", "/escape"),
        ("guides/arm.md", "deep/er/", "/guides/deep/er/"),
        ("guides/index.md", "other", "/guides/other"),
        ("guides/arm.md", "..", "/"),
        ("guides/deep/arm.md", "x/..", "/guides/deep/"),
        ("guides/arm.md", "/a//b/", "/a/b/"),
    ],
)
def test_a_slug_is_absolute_or_relative_to_the_folder(path: str, slug: str, expected: str) -> None:
    assert url(path, slug=slug) == expected


def test_an_id_replaces_the_file_s_name_in_id_and_address() -> None:
    assert page_id("01-guides/02-arm.md", id="robot-arm") == "guides/robot-arm"
    assert url("01-guides/02-arm.md", id="robot-arm") == "/guides/robot-arm"


def test_a_slug_does_not_change_the_id() -> None:
    assert page_id("guides/arm.md", slug="/elsewhere") == "guides/arm"


def test_an_id_with_a_slash_is_refused() -> None:
    with pytest.raises(ValueError, match="must not contain a slash"):
        FrontMatter.from_mapping({"id": "guides/arm"})


@pytest.mark.parametrize("member", ["title", "id", "slug"])
def test_a_list_where_text_belongs_is_refused(member: str) -> None:
    with pytest.raises(ValueError, match=f"{member} must be text"):
        FrontMatter.from_mapping({member: ["a", "b"]})


@pytest.mark.parametrize(("value", "title"), [(2026, "2026"), (1.5, "1.5"), (2.0, "2")])
def test_a_number_as_a_title_is_its_text_as_javascript_writes_it(value: float, title: str) -> None:
    assert FrontMatter.from_mapping({"title": value}).title == title


def test_addresses_are_encoded_once() -> None:
    assert url("Mein Buch/Füße?.md") == "/Mein%20Buch/F%C3%BC%C3%9Fe%3F"
    assert url("a.md", slug="/my%20page") == "/my%20page"


def test_a_slash_at_the_base_address_s_end_is_not_doubled() -> None:
    found = place(PurePosixPath("a.md"), FrontMatter(), base_url=BASE + "/")
    assert found.url == f"{BASE}/a"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.md", True),
        ("b/c.mdx", True),
        ("_partial.mdx", False),
        ("b/_partial.md", False),
        ("_drafts/a.md", False),
        (".hidden/a.md", False),
        ("__tests__/a.md", False),
        ("a.test.md", True),
    ],
)
def test_partials_and_hidden_files_are_no_pages(path: str, *, expected: bool) -> None:
    assert is_page(PurePosixPath(path)) is expected


@pytest.mark.parametrize(
    ("name", "front_matter", "url"),
    [
        ("%2e%2e%2fetc.md", FrontMatter(), "/%252e%252e%252fetc"),
        ("a.md", FrontMatter(slug="/../../b"), "/b"),
        ("a.md", FrontMatter(slug="../../b"), "/b"),
        ("a.md", FrontMatter(slug="%2e%2e/%2e%2e/b"), "/b"),
    ],
)
def test_no_name_and_no_slug_leads_out_of_the_book(
    name: str, front_matter: FrontMatter, url: str
) -> None:
    found = place(PurePosixPath(name), front_matter, base_url="https://book.example/docs")
    assert found.url == f"https://book.example/docs{url}"


@pytest.mark.parametrize(
    ("trailing_slash", "urls"),
    [
        (None, {"a.md": "/a", "b/index.md": "/b/", "c.md": "/"}),
        (True, {"a.md": "/a/", "b/index.md": "/b/", "c.md": "/"}),
        (False, {"a.md": "/a", "b/index.md": "/b", "c.md": ""}),
    ],
)
def test_addresses_end_as_the_site_has_it(
    trailing_slash: bool | None, urls: dict[str, str]
) -> None:
    rules = Rules(trailing_slash=trailing_slash, home="https://book.example/")
    for path, url in urls.items():
        about = FrontMatter(slug="/" if path == "c.md" else None)
        assert place(PurePosixPath(path), about, base_url=BASE, rules=rules).url == BASE + url


def test_the_site_s_own_address_keeps_its_slash() -> None:
    rules = Rules(trailing_slash=False, home="https://book.example/docs/")
    found = place(PurePosixPath("index.md"), FrontMatter(), base_url=BASE, rules=rules)
    assert found.url == "https://book.example/docs/"


def test_number_prefixes_stay_where_the_site_says_so() -> None:
    rules = Rules(number_prefixes=False)
    found = place(PurePosixPath("01-a/02-b.md"), FrontMatter(), base_url=BASE, rules=rules)
    assert (found.id, found.url) == ("01-a/02-b", f"{BASE}/01-a/02-b")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.md", True),
        ("deep/b.mdx", True),
        ("a.MD", False),
        ("_partials/a.md", False),
        ("drafts/a.md", False),
        (".hidden/a.md", False),
        ("a.old.md", False),
        ("figure.html", True),
        ("_figure.html", False),
    ],
)
def test_the_site_s_patterns_tell_which_markdown_is_a_page(path: str, *, expected: bool) -> None:
    rules = Rules(include=("**/*.{md,mdx}",), exclude=("drafts/**", "**/*.old.*", "**/_*/**"))
    assert is_page(PurePosixPath(path), rules) is expected
