import string
from collections.abc import Callable

import pytest

from auth_service.identifiers import new_deletion_token, new_identifier, new_reset_token


def test_an_identifier_is_32_letters_and_digits_and_never_the_same() -> None:
    made = {new_identifier() for _ in range(1000)}
    assert len(made) == 1000
    assert {len(identifier) for identifier in made} == {32}
    assert set("".join(made)) == set(string.ascii_letters + string.digits)


@pytest.mark.parametrize(
    ("new_token", "length", "alphabet"),
    [
        (new_reset_token, 24, string.ascii_letters + string.digits),
        (new_deletion_token, 32, string.digits + string.ascii_lowercase),
    ],
)
def test_a_mailed_token_has_better_auths_length_and_letters(
    new_token: Callable[[], str], length: int, alphabet: str
) -> None:
    made = {new_token() for _ in range(1000)}
    assert len(made) == 1000
    assert {len(token) for token in made} == {length}
    assert set("".join(made)) == set(alphabet)
