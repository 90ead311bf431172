from datetime import timedelta

import pytest
from pydantic import ValidationError

from auth_service.settings import Settings
from tests.auth_service.service import COOKIE_SECRET, TOKEN_SECRET, make_settings

URL = "postgresql://book:secret-word@db.example/book"


def test_what_is_not_set_has_the_documented_value() -> None:
    settings = Settings.model_validate(
        {
            "DATABASE_URL": URL,
            "BETTER_AUTH_SECRET": COOKIE_SECRET,
            "JWT_SECRET": COOKIE_SECRET[::-1],
        }
    )
    assert (settings.host, settings.port) == ("127.0.0.1", 3001)
    assert settings.base_url == "http://localhost:3001"
    assert settings.rate_limit == "on"
    assert settings.credential_rate_limit == "10/minute"
    assert settings.auth_rate_limit == "100/10 seconds"
    assert settings.password_workers >= 1
    assert settings.jwt_expires_in == settings.refresh_token_idle == timedelta(days=7)
    assert settings.refresh_token_expires_in == timedelta(days=30)
    assert not settings.secure_cookies


def test_the_port_is_read_from_both_names() -> None:
    assert make_settings(URL, PORT="8080").base_url == "http://localhost:8080"
    assert make_settings(URL, PORT="8080", AUTH_SERVER_PORT="3005").port == 3005


@pytest.mark.parametrize(
    ("span", "seconds"), [("60s", 60), ("15m", 900), ("12h", 43200), ("30d", 2592000)]
)
def test_a_span_is_a_number_and_its_unit(span: str, seconds: int) -> None:
    assert make_settings(URL, JWT_EXPIRES_IN=span).jwt_expires_in.total_seconds() == seconds


def test_origins_of_both_variables_and_our_own_are_trusted() -> None:
    settings = make_settings(
        URL,
        BETTER_AUTH_URL="https://auth.book.example/",
        TRUSTED_ORIGINS="https://book.example, https://*.book.example",
        BETTER_AUTH_TRUSTED_ORIGINS="https://other.example",
    )
    assert settings.all_trusted_origins == (
        "https://auth.book.example",
        "https://book.example",
        "https://*.book.example",
        "https://other.example",
    )
    assert settings.secure_cookies


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("JWT_SECRET", COOKIE_SECRET, "the same as BETTER_AUTH_SECRET"),
        ("JWT_SECRET", "short", "shorter than 32 characters"),
        ("JWT_SECRETS", f"2:{COOKIE_SECRET}", "the same as BETTER_AUTH_SECRET"),
        ("BETTER_AUTH_SECRETS", f"2:{TOKEN_SECRET}", "JWT_SECRET is the same"),
        ("BETTER_AUTH_SECRETS", COOKIE_SECRET, "has no version"),
        ("BETTER_AUTH_SECRET", None, "is not set; run `make env`"),
        ("BETTER_AUTH_SECRET", "change-me-please-" * 3, "placeholder"),
        ("BETTER_AUTH_URL", "auth.book.example", "is not an address"),
        ("BETTER_AUTH_URL", "https://auth.book.example:99999", "is not an address"),
        ("BETTER_AUTH_URL", "https://[::1", "is not an address"),
        ("CREDENTIAL_RATE_LIMIT", "often", "is not a limit"),
        ("AUTH_SERVER_PORT", "0", "greater than or equal to 1"),
        ("PASSWORD_WORKERS", "0", "greater than or equal to 1"),
        ("JWT_EXPIRES_IN", "900", "is not a span such as 900s, 15m, 12h or 7d"),
        ("JWT_EXPIRES_IN", "15 minutes", "is not a span"),
        ("JWT_EXPIRES_IN", "9999999999d", "is not a span"),
        ("JWT_EXPIRES_IN", "59s", "is shorter than 1m"),
        ("JWT_EXPIRES_IN", "31d", "is longer than 30d"),
        ("REFRESH_TOKEN_EXPIRES_IN", "366d", "is longer than 365d"),
        ("REFRESH_TOKEN_EXPIRES_IN", "6d", "REFRESH_TOKEN_IDLE is longer than"),
        ("REFRESH_TOKEN_IDLE", "8d", "is longer than 7d"),
    ],
)
def test_a_wrong_value_is_refused_in_words(name: str, value: str | None, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        make_settings(URL, **{name: value})


def test_no_secret_shows_when_settings_are_printed() -> None:
    printed = repr(make_settings(URL))
    assert COOKIE_SECRET not in printed
    assert "secret-word" not in printed


def test_a_list_of_secrets_replaces_the_single_one() -> None:
    newer = COOKIE_SECRET[::-1]
    settings = make_settings(URL, BETTER_AUTH_SECRETS=f"2:{newer},1:{COOKIE_SECRET}")
    assert settings.signing_secrets == (newer, COOKIE_SECRET)
    assert make_settings(URL).signing_secrets == (COOKIE_SECRET,)
    alone = make_settings(URL, BETTER_AUTH_SECRETS=f"2:{newer}", BETTER_AUTH_SECRET=None)
    assert alone.signing_secrets == (newer,)
