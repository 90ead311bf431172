import pytest

from auth_service.encryption import (
    EncryptionSecrets,
    Undecipherable,
    decrypt,
    encrypt,
    for_purpose,
    looks_encrypted,
)

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


# Made by Better Auth 1.7.25 under SHARED, without versions and as version 7.
SHARED = "conformance-secret-0123456789abcdefghij"
BARE = (
    "fb5611abbf6f4be21fc5367c736011a698cdc5fb1dba82c96045cedd2658b7d1"
    "baf417f1b43e6f6bb081c982b887c71c875bb7ad6e78529ef373"
)
VERSIONED = (
    "$ba$7$5ee0881827bdfde9c9a9176a2e04333d0debe59bafd38970d5d9d30b95f25ccb"
    "96d1fcb8d1b1178353302c8927fee96fa0e87cef10aefaee3698"
)


@pytest.mark.parametrize("value", [BARE, BARE.upper(), VERSIONED])
@pytest.mark.parametrize("secrets", [{None: SHARED}, {7: SHARED}, {8: OTHER, 7: SHARED}])
def test_what_better_auth_has_encrypted_is_read(value: str, secrets: EncryptionSecrets) -> None:
    assert decrypt(value, secrets) == "a provider's token"


@pytest.mark.parametrize(
    ("value", "looks"),
    [(BARE, True), (VERSIONED, True), ("$ba$1$", True), ("ab" * 20, False), ("gho_x" * 20, False)],
)
def test_tokens_in_clear_do_not_look_encrypted(value: str, looks: bool) -> None:
    assert looks_encrypted(value) is looks


def test_a_purpose_has_secrets_of_its_own() -> None:
    # As Better Auth 1.7.25 derives it from SHARED.
    expected = "5db0efe798dbda6c56ba2470d67777ad59642640913a851f553bb01f4f9990a3"
    assert for_purpose({3: SHARED}, "oauth-link-session-token") == {3: expected}
