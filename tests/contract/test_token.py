"""What binds the services: a token minted by one is read by the other, and nothing else is."""

from datetime import UTC, datetime, timedelta

import pytest

from api_service.identity.tokens import verify
from api_service.problems import InvalidToken
from auth_service.database.profiles import Profile
from auth_service.tokens.issuer import LIFETIME, mint
from service_kit.settings import TokenSettings

SECRET = "2b8f4f9d0f6a4d2c9e1b7a5c3d8e6f40"
NOW = datetime.now(UTC)


def profile(
    name: str = "Reader", background: str | None = "Python", email: str = "reader@example.com"
) -> Profile:
    return Profile(
        id="u" * 32,
        name=name,
        email=email,
        email_verified=False,
        image=None,
        created_at=NOW,
        updated_at=NOW,
        software_background=background,
        hardware_background=background,
        interest_area=background,
    )


def test_a_token_minted_by_auth_service_names_its_reader_to_api_service() -> None:
    now = datetime.now(UTC)
    caller = verify(mint(profile(), "s" * 32, secret=SECRET, now=now), SECRET)

    assert (caller.user_id, caller.session_id) == ("u" * 32, "s" * 32)
    assert (caller.name, caller.email) == ("Reader", "reader@example.com")
    assert caller.software_background == caller.interest_area == "Python"
    assert caller.expires_at is not None
    assert timedelta(days=7) - timedelta(seconds=2) < caller.expires_at - now <= LIFETIME


def test_a_profile_that_is_not_filled_in_is_read_as_empty() -> None:
    caller = verify(mint(profile(background=None), "s" * 32, secret=SECRET, now=NOW), SECRET)

    assert (caller.software_background, caller.hardware_background) == ("", "")


@pytest.mark.parametrize("character", ["x", "é", "\N{ROBOT FACE}", '"', "\\"])
def test_the_longest_profile_still_gives_a_token_that_counts(character: str) -> None:
    long = character * 20_000
    token = mint(profile(long, long, "a" * 242 + "@example.com"), "s" * 32, secret=SECRET, now=NOW)

    assert long.startswith(verify(token, SECRET).name)


def test_a_token_counts_until_its_seven_days_are_over_and_no_longer() -> None:
    old = datetime.now(UTC) - timedelta(days=7)

    caller = verify(mint(profile(), "s", secret=SECRET, now=old + timedelta(minutes=1)), SECRET)

    assert caller.user_id == "u" * 32
    with pytest.raises(InvalidToken, match="expired"):
        verify(mint(profile(), "s", secret=SECRET, now=old - timedelta(minutes=1)), SECRET)


def test_a_token_under_another_secret_does_not_count() -> None:
    with pytest.raises(InvalidToken, match="signature"):
        verify(mint(profile(), "s", secret=SECRET[::-1], now=NOW), SECRET)


def test_the_secret_is_changed_while_tokens_count_on() -> None:
    newer = "9d3a51c07be24f68b1e0d2a9c47f6350"
    before, during, after = (
        TokenSettings.model_validate({"JWT_SECRETS": listed}).token_secrets
        for listed in (f"1:{SECRET}", f"2:{newer},1:{SECRET}", f"2:{newer}")
    )
    old = mint(profile(), "s", secret=before[0], now=NOW)
    new = mint(profile(), "s", secret=during[0], now=NOW)

    assert verify(old, *during).user_id == verify(new, *during).user_id == "u" * 32
    assert verify(new, *after).user_id == "u" * 32
    with pytest.raises(InvalidToken, match="signature"):
        verify(old, *after)
