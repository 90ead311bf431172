import base64
import hmac
import json
import time

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from api_service.identity.compact import TOKEN_LENGTH
from api_service.identity.tokens import verify
from api_service.problems import InvalidToken
from tests.api_service.service import SECRET, make_claims, make_token

OTHER_SECRET = SECRET[::-1]


def refusal(token: str | None) -> InvalidToken:
    with pytest.raises(InvalidToken) as caught:
        verify(token, SECRET)
    return caught.value


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def unsigned(algorithm: str, signature: str = "") -> str:
    return f"{part({'alg': algorithm, 'typ': 'JWT'})}.{part(make_claims())}.{signature}"


def deep() -> str:
    """A token whose claims are brackets within brackets, as deep as its length allows."""
    header, claims = part({"alg": "HS256"}), base64.urlsafe_b64encode(b"[" * 5900).rstrip(b"=")
    signed = f"{header}.{claims.decode()}"
    signature = hmac.digest(SECRET.encode(), signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def rs256_token() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return make_token(pem.decode(), "RS256")


def test_a_valid_token_names_its_caller() -> None:
    caller = verify(make_token(), SECRET)

    assert caller.user_id == "user-1"
    assert caller.session_id == "session-1"
    assert caller.email == "reader@book.test"
    assert caller.name == "Ada"
    assert caller.software_background == "Python"
    assert caller.hardware_background == "Arduino"
    assert caller.interest_area == "walking robots"


@pytest.mark.parametrize(
    ("said", "role"),
    [(None, "user"), ("", "user"), ("admin", "admin"), ("instructor,admin", "instructor,admin")],
)
def test_a_caller_has_the_role_the_token_says_and_else_is_a_user(
    said: str | None, role: str
) -> None:
    assert verify(make_token(role=said), SECRET).role == role


def test_claims_for_display_may_be_absent() -> None:
    token = make_token(email=None, name=None, softwareBackground=None, sid=None)

    assert verify(token, SECRET).name == ""


def test_a_token_without_a_time_it_begins_at_is_accepted() -> None:
    assert verify(make_token(nbf=None), SECRET).user_id == "user-1"


def test_clocks_may_be_a_few_seconds_apart() -> None:
    now = int(time.time())

    assert verify(make_token(iat=now + 5, nbf=now + 5), SECRET).user_id == "user-1"


def test_a_token_ends_with_its_last_second() -> None:
    now = int(time.time())

    read = verify(make_token(exp=now + 2), SECRET).expires_at
    assert read is not None
    assert read.timestamp() == now + 2
    with pytest.raises(InvalidToken, match="expired"):
        verify(make_token(exp=now), SECRET)


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        (make_token(exp=int(time.time()) - 60), "The token has expired."),
        (make_token(nbf=int(time.time()) + 86_400), "The token is not valid yet."),
        (make_token(iat=int(time.time()) + 86_400), "The token is not valid yet."),
        (make_token(OTHER_SECRET), "The token's signature does not match."),
        (
            make_token().rsplit(".", 1)[0] + "." + make_token(sub="user-2").rsplit(".", 1)[1],
            "The token's signature does not match.",
        ),
        (unsigned("none"), "The token is signed with another algorithm than HS256 or EdDSA."),
        (unsigned("None"), "The token is signed with another algorithm than HS256 or EdDSA."),
        (
            make_token(SECRET * 2, "HS512"),
            "The token is signed with another algorithm than HS256 or EdDSA.",
        ),
        (rs256_token(), "The token is signed with another algorithm than HS256 or EdDSA."),
        (unsigned("HS256"), "The token's signature does not match."),
        (make_token(iss="someone-else"), "The token was issued by someone else."),
        (make_token(aud="another-service"), "The token is meant for another service."),
        (make_token(exp=None), "The token lacks a required claim."),
        (make_token(iat=None), "The token lacks a required claim."),
        (make_token(sub=None), "The token lacks a required claim."),
        (make_token(iss=None), "The token lacks a required claim."),
        (make_token(aud=None), "The token lacks a required claim."),
        (make_token(sub=""), "The token is malformed."),
        (make_token(name=7), "The token is malformed."),
        (make_token(name="\ud800"), "The token is malformed."),
        (make_token(exp="soon"), "The token is malformed."),
        (make_token(exp=10**20), "The token is malformed."),
        (make_token(exp=time.time() + 86_400.5), "The token is malformed."),
        (make_token(exp=4_000_000_000), "The token is valid for longer than tokens are."),
        (make_token(userId="user-2"), "The token is malformed."),
        (deep(), "The token is malformed."),
        ("no.token", "The token is malformed."),
        ("a.b.c", "The token is malformed."),
        ("\u00e4.\u00f6.\u00fc", "The token is malformed."),
        ("x" * (TOKEN_LENGTH + 1), "The token is too long."),
    ],
)
def test_a_token_that_does_not_hold_is_refused_with_its_reason(token: str, reason: str) -> None:
    refused = refusal(token)

    assert (refused.status, refused.title, refused.detail) == (401, "Invalid JWT", reason)
    assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]


def test_the_secret_does_not_turn_into_a_public_key() -> None:
    # RFC 8725 section 2.1: a token of another algorithm, "signed" with what we verify by.
    claims = make_claims()
    header = part({"alg": "HS384", "typ": "JWT"})

    assert refusal(f"{header}.{part(claims)}.c2lnbmF0dXJl").status == 401


def test_a_missing_token_is_asked_for_without_an_error() -> None:
    refused = refusal(None)

    assert refused.detail == "A bearer token is required."
    assert refused.headers["WWW-Authenticate"] == 'Bearer realm="api-service"'


def test_a_refusal_quotes_nothing_of_the_token() -> None:
    refused = refusal(make_token(iss="private-words"))

    assert "private" not in refused.detail + refused.headers["WWW-Authenticate"]


def test_a_token_under_any_listed_secret_counts() -> None:
    for signed_with in (SECRET, OTHER_SECRET):
        caller = verify(make_token(signed_with), OTHER_SECRET, SECRET)
        assert caller.user_id == "user-1"
    with pytest.raises(InvalidToken, match="signature"):
        verify(make_token(SECRET + "x"), OTHER_SECRET, SECRET)


def test_an_expired_token_under_an_older_secret_is_called_expired() -> None:
    with pytest.raises(InvalidToken, match="expired"):
        verify(make_token(exp=int(time.time()) - 60), OTHER_SECRET, SECRET)
