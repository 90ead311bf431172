import pytest
from pydantic_core import to_json

from auth_service.claim_texts import CLAIM_BYTES, claim_text


@pytest.mark.parametrize("text", [None, "", "Mina", "x" * (CLAIM_BYTES - 2), "é" * 300])
def test_a_text_that_fits_is_said_in_full(text: str | None) -> None:
    assert claim_text(text) == text


@pytest.mark.parametrize("character", ["x", "é", "\N{ROBOT FACE}", '"', "\x01"])
def test_of_a_long_text_the_beginning_is_said(character: str) -> None:
    said = claim_text(character * 20_000)

    assert said is not None
    assert set(said) == {character}
    assert CLAIM_BYTES * 0.8 < len(to_json(said)) <= CLAIM_BYTES
