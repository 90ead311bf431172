import pytest

from api_service.ingestion.loaders.docusaurus import FrontMatter
from api_service.ingestion.loaders.files import Unreadable
from api_service.ingestion.loaders.front_matter import part


def test_front_matter_is_parted_from_the_text() -> None:
    about, text = part("---\ntitle: Sensors\nslug: /s\nid: senses\n---\n\n# Sensors\n")
    assert about == FrontMatter(title="Sensors", slug="/s", id="senses")
    assert text == "\n# Sensors\n"


@pytest.mark.parametrize(
    "text", ["# Sensors\n", "", "-----\n\ntext", "text\n---\nmore: text\n---\n"]
)
def test_a_page_without_front_matter_is_all_text(text: str) -> None:
    assert part(text) == (FrontMatter(), text)


def test_empty_front_matter_says_nothing() -> None:
    assert part("---\n---\ntext") == (FrontMatter(), "text")


@pytest.mark.parametrize("line", ["draft: true", "unlisted: true", 'draft: "true"'])
def test_drafts_and_unlisted_pages_are_not_published(line: str) -> None:
    about, _ = part(f"---\n{line}\n---\ntext")
    assert not about.published


@pytest.mark.parametrize("line", ["draft: false", "unlisted: no", "draft:", "draft: 0"])
def test_a_page_that_is_no_draft_is_published(line: str) -> None:
    about, _ = part(f"---\n{line}\n---\ntext")
    assert about.published


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("no", "no"),
        ("On", "On"),
        ("12:30", "12:30"),
        ("2024-01-30", "2024-01-30"),
        ("010", "10"),
        ("1_000", "1_000"),
        ("1.10", "1.1"),
        ("1e3", "1000"),
        ("0x", "0x"),
    ],
)
def test_words_mean_what_they_mean_in_yaml_1_2(value: str, text: str) -> None:
    about, _ = part(f"---\ntitle: {value}\n---\n")
    assert about.title == text


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("---\ntitle: a\nid: : b\n---\n", 3, "is not YAML"),
        ("---\ntitle: a: b\n---\n", 2, "is not YAML"),
        ("---\ntitle: [a\n---\n", 3, "is not YAML"),
        ("---\ntitle: \x01\n---\n", None, "is not YAML"),
        ("---\ntitle: a\n\n# Text\n", 1, "not closed"),
        ("---\njust words\n---\n", 2, "names with values"),
        ("---\n- a\n- b\n---\n", 2, "names with values"),
        ("---\ndate: !!timestamp 2026-13-45\n---\n", None, "cannot be read"),
        ("---\nid: a/b\n---\n", None, "slash"),
        ("---\ntitle: !!python/object:os.system x\n---\n", 2, "is not YAML"),
        (f"---\ntitle: {'[' * 50_000}\n---\n", None, "nested too deep"),
        (f"---\ntitle: {'a' * 200_000}\n---\n", 1, "longer than"),
    ],
)
def test_broken_front_matter_is_named_with_its_line(
    text: str, line: int | None, reason: str
) -> None:
    with pytest.raises(Unreadable, match=reason) as raised:
        part(text)
    if line is not None:
        assert raised.value.line == line


def test_half_a_character_in_a_title_is_replaced() -> None:
    about, _ = part('---\ntitle: "a \\ud800 b"\nid: "\\udc00"\n---\n')
    assert (about.title, about.id) == ("a \ufffd b", "\ufffd")


def test_two_halves_in_a_title_are_one_character() -> None:
    about, _ = part('---\ntitle: "\\ud83d\\ude00"\n---\n')
    assert about.title == "\U0001f600"


@pytest.mark.parametrize("value", ["!!bool x", "!!timestamp x", '!!int ""', "!!int x", "!!float x"])
def test_a_value_that_is_not_what_its_tag_says_is_refused(value: str) -> None:
    with pytest.raises(Unreadable, match="front matter"):
        part(f"---\ntitle: {value}\n---\n")


def test_members_merged_again_and_again_are_refused_at_once() -> None:
    merged = "".join(f"a{n + 1}: &a{n + 1} {{<<: [*a{n}, *a{n}]}}\n" for n in range(40))
    with pytest.raises(Unreadable, match="merged into one"):
        part(f"---\na0: &a0 {{k: v}}\n{merged}---\n")
