import pytest

from auth_service.encryption import EncryptionSecrets, Undecipherable, decrypt, encrypt

SECRET = "a secret of more than thirty-two characters"
OTHER = SECRET[::-1]
ONE: EncryptionSecrets = {None: SECRET}
TWO: EncryptionSecrets = {2: OTHER, 1: SECRET}


@pytest.mark.parametrize("text", ["", "a text", "ü🔑", "x" * 10_000])
def test_what_is_encrypted_is_read_again(text: str) -> None:
    assert decrypt(encrypt(text, ONE), ONE) == text


def test_no_two_encryptions_of_a_text_are_alike() -> None:
    assert encrypt("a text", ONE) != encrypt("a text", ONE)


def test_the_newest_of_several_secrets_encrypts_and_is_named() -> None:
    stored = encrypt("a text", TWO)

    assert stored.startswith("$ba$2$")
    assert decrypt(stored, {2: OTHER}) == "a text"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (ONE, TWO),
        (ONE, {1: OTHER, None: SECRET}),
        (TWO, {3: SECRET, 2: OTHER}),
        (TWO, {None: OTHER}),
    ],
    ids=["versions given", "beside the single one", "a third secret", "versions taken away"],
)
def test_values_stay_readable_while_secrets_change(
    before: EncryptionSecrets, after: EncryptionSecrets
) -> None:
    assert decrypt(encrypt("a text", before), after) == "a text"


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "no hex",
        "00" * 23,
        "00" * 60,
        "$ba$1$",
        "$ba$x$00",
        encrypt("a text", ONE)[:-2],
        encrypt("a text", {None: OTHER}),
    ],
    ids=["nothing", "no hex", "short", "forged", "bare", "no version", "cut", "another secret's"],
)
def test_what_no_secret_opens_is_refused_without_a_word_of_it(stored: str) -> None:
    with pytest.raises(Undecipherable) as refused:
        decrypt(stored, ONE)

    assert str(refused.value) == ""
