import pytest
from pydantic import TypeAdapter, ValidationError

from api_service.wire import MESSAGE_LENGTH, SEARCH_LENGTH, Message, SearchText

TYPES = [(TypeAdapter(Message), MESSAGE_LENGTH), (TypeAdapter(SearchText), SEARCH_LENGTH)]

E_ACUTE = "e\u0301"  # two characters that form C makes one
DEVANAGARI_QA = "\u0958"  # one character that form C makes two


@pytest.mark.parametrize(("kind", "most"), TYPES)
def test_a_text_is_measured_as_form_c_has_it(kind: TypeAdapter[str], most: int) -> None:
    assert kind.validate_python(E_ACUTE * most) == "\u00e9" * most
    with pytest.raises(ValidationError):
        kind.validate_python(E_ACUTE * (most + 1))
    with pytest.raises(ValidationError):
        kind.validate_python(DEVANAGARI_QA * most)


@pytest.mark.parametrize(("kind", "most"), TYPES)
@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "\u200b",
        " \u2060\ufeff ",
        "\u202e\u00a0",
        "a\x00",
        "\x1b[2J",
        "a\x7fb",
        "a\u0085b",
    ],
)
def test_what_nobody_can_read_or_see_is_refused(
    kind: TypeAdapter[str], most: int, text: str
) -> None:
    with pytest.raises(ValidationError):
        kind.validate_python(text)


@pytest.mark.parametrize(("kind", "most"), TYPES)
@pytest.mark.parametrize("text", ["a", "?", "7", "🤖", "步", "می‌خواهم", "a\tb\r\nc"])
def test_one_character_that_is_seen_is_a_text(kind: TypeAdapter[str], most: int, text: str) -> None:
    assert kind.validate_python(text) == text


@pytest.mark.parametrize("value", [7, None, ["gait"], {"a": 1}, b"\xff"])
def test_what_is_no_text_stays_none(value: object) -> None:
    for kind, _ in TYPES:
        with pytest.raises(ValidationError):
            kind.validate_python(value)
