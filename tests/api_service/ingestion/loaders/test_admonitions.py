import pytest

from api_service.ingestion.loaders.admonitions import in_words
from api_service.ingestion.loaders.tracing import Traced


def spoken(source: str) -> str:
    return in_words(Traced.of(source)).text


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (":::note\n\nMind the gap.\n\n:::", "Note: Mind the gap."),
        (":::tip[Read this]\n\nMind the gap.\n\n:::", "Tip: Read this\n\nMind the gap."),
        (":::warning Old title\nMind the gap.\n:::", "Warning: Old title\n\nMind the gap."),
        ("::: info\nMind the gap.\n:::", "Info: Mind the gap."),
        (":::danger[A [link](x) in it]\nGo.\n:::", "Danger: A [link](x) in it\n\nGo."),
        ('!!! note "Read this"\n    Mind the gap.', "Note: Read this\n\nMind the gap."),
        ("!!! note\n\n    Mind the gap.\n\nOn.", "Note: Mind the gap.\n\nOn."),
        ("??? tip\n    Mind the gap.", "Tip: Mind the gap."),
        ("!!! note\n    A.\n\n    !!! tip\n        B.\n\nC.", "Note: A.\n\nTip: B.\n\nC."),
        ('- a\n\n    !!! note "T"\n        B.', "- a\n\n    Note: T\n\n    B."),
        ("Wow !!! note\n!!!\n!!! 3", "Wow !!! note\n!!!\n!!! 3"),
        ("  :::note\n  Mind the gap.\n  :::", "Note: Mind the gap."),
        (":::note\n\n- one\n- two\n\n:::", "Note:\n\n- one\n- two"),
        (":::note\n| a |\n| - |\n:::", "Note:\n\n| a |\n| - |"),
    ],
)
def test_a_directive_s_kind_and_title_are_kept_as_words(source: str, words: str) -> None:
    assert tidy(spoken(source)) == words


def test_nested_directives_of_any_length_are_all_said() -> None:
    source = ":::::info[Outer]\n\nA.\n\n::::tip\n\nB.\n\n:::note\nC.\n:::\n\n::::\n\nD.\n\n:::::"
    assert tidy(spoken(source)) == "Info: Outer\n\nA.\n\nTip: B.\n\nNote: C.\n\nD."


def test_colons_that_close_nothing_stay() -> None:
    assert spoken("a\n:::\nb") == "a\n:::\nb"


def test_an_unclosed_directive_loses_nothing() -> None:
    assert tidy(spoken(":::note\n\nStill here.")) == "Note: Still here."


@pytest.mark.parametrize("kind", ["note", "TIP", "Important", "WARNING", "CAUTION"])
def test_a_github_alert_keeps_its_kind_in_the_quote(kind: str) -> None:
    assert spoken(f"> [!{kind}]\n> Mind the gap.\n> Twice.") == (
        f"> {kind.capitalize()}: Mind the gap.\n> Twice."
    )


def test_a_github_alert_that_opens_with_a_list_keeps_the_list() -> None:
    said = spoken("> [!TIP]\n>\n> - one\n> - two")
    assert tidy(said) == "> Tip:\n>\n> - one\n> - two"


def test_a_directive_in_a_quote_stays_in_the_quote() -> None:
    said = spoken("> :::note[Title]\n> Text.\n> :::")
    assert tidy(said) == "> Note: Title\n> Text."


def tidy(text: str) -> str:
    """Drop what to_markdown drops at its end: marks and runs of blank lines."""
    text = text.replace("\ufdd3", "")
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    return text.strip()
