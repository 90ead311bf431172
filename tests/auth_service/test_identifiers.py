import string

from auth_service.identifiers import new_identifier


def test_an_identifier_is_32_letters_and_digits_and_never_the_same() -> None:
    made = {new_identifier() for _ in range(1000)}
    assert len(made) == 1000
    assert {len(identifier) for identifier in made} == {32}
    assert set("".join(made)) == set(string.ascii_letters + string.digits)
