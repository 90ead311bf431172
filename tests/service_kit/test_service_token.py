from datetime import UTC, datetime, timedelta

import jwt
import pytest

from service_kit.service_token import NotAService, check_service_token, mint_service_token

SECRET = "shared-by-both-services-0123456789abcdef"
OLDER = "shared-before-by-both-0123456789abcdefgh"


def claims(**changed: object) -> dict[str, object]:
    now = datetime.now(UTC)
    return {
        "iss": "api-service",
        "aud": "auth-service-internal",
        "iat": now,
        "exp": now + timedelta(minutes=1),
    } | changed


def test_a_service_is_known_by_any_secret_that_both_share() -> None:
    for secret in (SECRET, OLDER):
        check_service_token(mint_service_token(secret, now=datetime.now(UTC)), [SECRET, OLDER])


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"aud": "api-service"}, "InvalidAudienceError"),
        ({"iss": "auth-service"}, "InvalidIssuerError"),
        ({"exp": datetime.now(UTC) - timedelta(minutes=1)}, "ExpiredSignatureError"),
        ({"exp": datetime.now(UTC) + timedelta(days=7)}, "TooLong"),
    ],
)
def test_a_token_for_others_or_for_long_is_no_services(
    changed: dict[str, object], reason: str
) -> None:
    token = jwt.encode(claims(**changed), SECRET, algorithm="HS256")
    with pytest.raises(NotAService, match=reason):
        check_service_token(token, [SECRET])


def test_a_token_under_another_secret_or_none_is_no_services() -> None:
    for token in (
        mint_service_token(OLDER, now=datetime.now(UTC)),
        jwt.encode(claims(), "", algorithm="none"),
        "",
        "a.b.c",
    ):
        with pytest.raises(NotAService):
            check_service_token(token, [SECRET])
