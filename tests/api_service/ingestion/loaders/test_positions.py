import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_service.ingestion.loaders.files import Unreadable
from api_service.ingestion.loaders.positions import Located, parse


def test_strings_know_their_lines() -> None:
    found = parse('{\n "a": ["b",\n\n  "c\\n"], "d": "e"\n}')
    strings = [*found["a"], found["d"]]
    assert [(string, string.line) for string in strings] == [("b", 2), ("c\n", 4), ("e", 4)]
    assert all(isinstance(string, Located) for string in strings)


@pytest.mark.parametrize(
    ("text", "line"), [("{\n'a'", 2), ("", 1), ("{} {}", 1), ("[1,\n2", 2), ('"a', 1)]
)
def test_what_is_not_json_is_named_with_its_line(text: str, line: int) -> None:
    with pytest.raises(Unreadable) as refusal:
        parse(text)
    assert refusal.value.line == line


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, f"[{'9' * 5000}]"])
def test_json_made_to_break_its_reader_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        parse(text)


def test_half_a_character_becomes_a_sign_for_a_lost_one() -> None:
    assert parse('"a \\ud800 b \\ud83e\\udd16"') == "a \ufffd b 🤖"


@given(value=st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_it_reads_what_the_standard_library_reads(value: object) -> None:
    text = json.dumps(value)
    assert parse(text) == json.loads(text)
