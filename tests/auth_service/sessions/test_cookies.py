import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth_service.sessions.cookies import CookieRules, read_cookies, sign, unsign

SECRET = b"conformance-secret-0123456789abcdefghij"
# From the reference: what Better Auth makes of `true` under this secret.
SIGNED = "true.5PNKV9auFg028UL0zgrbDuquJdnpd6NASdSJrFmraHU="


def test_a_value_is_signed_as_better_auth_does() -> None:
    assert sign("true", SECRET) == SIGNED


@pytest.mark.parametrize("signed", [SIGNED, SIGNED.replace("=", "%3D")])
def test_a_signature_holds_percent_encoded_or_not(signed: str) -> None:
    assert unsign(signed, SECRET) == "true"


@pytest.mark.parametrize(
    "signed",
    [
        "",
        "true",
        SIGNED[:-1],
        SIGNED + "=",
        SIGNED.replace("true", "True"),
        SIGNED.replace(".", ""),
        "%ff" + SIGNED,
        "true." + "é" * 43 + "=",
        "true." + "A" * 43 + "=",
    ],
)
def test_a_wrong_signature_is_none(signed: str) -> None:
    assert unsign(signed, SECRET) is None


def test_another_secret_makes_another_signature() -> None:
    assert unsign(SIGNED, b"another secret") is None


def test_cookies_are_split_trimmed_and_the_first_of_a_name_counts() -> None:
    header = ' a = 1 ;b="two";a=3; empty=;nothing; c=x=y '
    assert read_cookies(header) == {"a": "1", "b": "two", "empty": "", "c": "x=y"}


@given(st.text())
def test_any_cookie_header_can_be_read(header: str) -> None:
    for value in read_cookies(header).values():
        unsign(value, SECRET)


@given(st.text(st.characters(codec="utf-8", exclude_characters="%")))
def test_every_signed_value_is_read_back(value: str) -> None:
    assert unsign(sign(value, SECRET), SECRET) == value


def test_older_secrets_are_accepted_and_others_are_not() -> None:
    rules = CookieRules(b"newest", secure=False, older_secrets=(b"older", SECRET))
    assert [rules.unsign(sign("true", key)) for key in (b"newest", b"older")] == ["true"] * 2
    assert rules.unsign(SIGNED) == "true"
    assert rules.unsign(sign("true", b"another secret")) is None
