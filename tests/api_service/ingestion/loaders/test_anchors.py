import pytest

from api_service.ingestion.loaders.anchors import Slugger, custom_id, slug


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("Quick Start", "quick-start"),
        ("Policies & datasets", "policies--datasets"),
        ("What is a robot, really?!", "what-is-a-robot-really"),
        ("C++ / C# 100%", "c--c-100"),
        ("snake_case and kebab-case", "snake_case-and-kebab-case"),
        ("v1.2.3 → v2.0.0", "v123--v200"),
        ("two  spaces", "two--spaces"),
        ("a\ttab", "atab"),
        ("“Curly” quotes, it\u2019s fine…", "curly-quotes-its-fine"),
    ],
)
def test_punctuation_goes_and_every_space_becomes_a_hyphen(heading: str, anchor: str) -> None:
    assert slug(heading) == anchor


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("Café — naïve", "café--naïve"),
        ("中文标题 日本語 한국어", "中文标题-日本語-한국어"),
        ("ΣΑΣ", "σας"),
        ("İstanbul", "i̇stanbul"),
        ("①②③ Ⓐ ª º ² ½ Ⅷ", "-ⓐ-ª-º---ⅷ"),
        ("नमस्ते दुनिया", "नमस्ते-दुनिया"),
    ],
)
def test_letters_and_marks_of_every_script_stay(heading: str, anchor: str) -> None:
    assert slug(heading) == anchor


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("🚀 Start here", "-start-here"),
        ("Done 😉", "done-"),
        # The joiner goes and the variation selector, a mark, stays.
        ("emoji 👩\u200d💻 zwj ❤\ufe0f ok", "emoji--zwj-\ufe0f-ok"),
    ],
)
def test_emoji_go_but_their_spaces_stay(heading: str, anchor: str) -> None:
    assert slug(heading) == anchor


def test_repeated_headings_are_numbered() -> None:
    slugger = Slugger()
    given = [slugger.anchor(text) for text in ("Setup", "Setup", "setup!", "Setup-1", "Setup")]
    assert given == ["setup", "setup-1", "setup-2", "setup-1-1", "setup-3"]


@pytest.mark.parametrize(
    ("heading", "text", "anchor"),
    [
        ("Set up {#setup}", "Set up", "setup"),
        ("Set up[[setup]]", "Set up", "setup"),
        ("Set up {#My_Id}", "Set up", "My_Id"),
        ("Set {#up} now", "Set {#up} now", None),
        ("list[int]", "list[int]", None),
    ],
)
def test_an_author_s_own_id_is_parted_from_the_heading(
    heading: str, text: str, anchor: str | None
) -> None:
    assert custom_id(heading) == (text, anchor)
