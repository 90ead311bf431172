from datetime import UTC, datetime, timedelta

import jwt
import pytest

from auth_service.accounts.email_tokens import EmailClaim, read_claim, sign_claim
from auth_service.errors import Refused

# Mailed by a Better Auth 1.7.25 server.
PEER_SECRET = "peer-better-auth-secret-0123456789abcdef"
PEER_TIME = datetime.fromtimestamp(1795359114, UTC)
PEER_USER = "S4uhqMFVZAIMSIY93OwaAafCQgLvyuCE"
PEER_VERIFICATION = (
    "eyJhbGciOiJIUzI1NiJ9.eyJlbWFpbCI6Im1AZXhhbXBsZS5jb20iLCJ1c2VySWQiOiJTNHVocU1GVlpBSU1TSVk5M093"
    "YUFhZkNRZ0x2eXVDRSIsImlhdCI6MTc5NTM1OTExNCwiZXhwIjoxNzk1MzYyNzE0fQ.lzPX32T1MZhy1aOe4BQr_VuREUm"
    "6zLNo_3fvM0odsTY"
)
PEER_CHANGE = (
    "eyJhbGciOiJIUzI1NiJ9.eyJlbWFpbCI6Im1AZXhhbXBsZS5jb20iLCJ1cGRhdGVUbyI6Im5AZXhhbXBsZS5jb20iLCJy"
    "ZXF1ZXN0VHlwZSI6ImNoYW5nZS1lbWFpbC12ZXJpZmljYXRpb24iLCJ1c2VySWQiOiJTNHVocU1GVlpBSU1TSVk5M093Y"
    "UFhZkNRZ0x2eXVDRSIsImlhdCI6MTc5NTM1OTExNCwiZXhwIjoxNzk1MzYyNzE0fQ.fr3fgySOH3x77bnLscpFZ7IV6DVc"
    "TnbYRYKYiim9zw0"
)
VERIFICATION = EmailClaim("m@example.com", PEER_USER)
CHANGE = EmailClaim("m@example.com", PEER_USER, "n@example.com", "change-email-verification")

SECRET = "conformance-secret-0123456789abcdefghij"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("token", "claim"), [(PEER_VERIFICATION, VERIFICATION), (PEER_CHANGE, CHANGE)]
)
def test_section_8_tokens_are_better_auths_to_the_byte(token: str, claim: EmailClaim) -> None:
    assert sign_claim(claim, secret=PEER_SECRET, now=PEER_TIME) == token
    assert read_claim(token, secrets=[PEER_SECRET], now=PEER_TIME) == claim


def test_a_token_works_for_an_hour() -> None:
    token = sign_claim(VERIFICATION, secret=SECRET, now=NOW)
    assert read_claim(token, secrets=[SECRET], now=NOW + timedelta(seconds=3599)) == VERIFICATION
    with pytest.raises(Refused) as refused:
        read_claim(token, secrets=[SECRET], now=NOW + timedelta(hours=1))
    assert refused.value.code.name == "TOKEN_EXPIRED"


def test_a_token_of_an_older_secret_is_read_where_that_is_known() -> None:
    token = sign_claim(VERIFICATION, secret=SECRET, now=NOW)
    assert read_claim(token, secrets=[PEER_SECRET, SECRET], now=NOW) == VERIFICATION


def test_links_of_older_servers_have_no_user() -> None:
    token = jwt.encode(
        {"email": "M@Example.com", "exp": int(NOW.timestamp()) + 60}, SECRET, algorithm="HS256"
    )
    assert read_claim(token, secrets=[SECRET], now=NOW) == EmailClaim("m@example.com", None)


def _signed(algorithm: str = "HS256", secret: str = SECRET, **claims: object) -> str:
    good = {"email": "m@example.com", "exp": int(NOW.timestamp()) + 60}
    told = {name: value for name, value in {**good, **claims}.items() if value is not None}
    return jwt.encode(told, secret if algorithm != "none" else "", algorithm=algorithm)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "a.b.c",
        _signed(secret=PEER_SECRET),
        _signed("none"),
        _signed("HS512", SECRET * 2),
        _signed()[:-4] + "AAAA",
        _signed(email=None),
        _signed(email="nobody"),
        _signed(email=5),
        _signed(exp=None),
        _signed(exp="soon"),
        _signed(updateTo="nobody"),
        _signed(requestType="other"),
        _signed(userId=["a"]),
        _signed(userId="a\0"),
    ],
)
def test_whatever_else_is_wrong_with_a_token_it_is_invalid(token: str) -> None:
    with pytest.raises(Refused) as refused:
        read_claim(token, secrets=[SECRET], now=NOW)
    assert refused.value.code.name == "INVALID_TOKEN"
