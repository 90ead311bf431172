from pathlib import Path

import pytest

from api_service.settings import BookSettings
from api_service.vector_index.opening import index_folder
from standalone.greeting import greeting
from standalone.settings import Settings

REAL = {
    "DATABASE_URL": "postgresql://reader:hidden-one@db.example/book",
    "QDRANT_URL": "https://qdrant.example",
    "OPENAI_API_KEY": "hidden-two",
    "MAIL_URL": "smtp://reader:hidden-three@mail.example",
    "TRUSTED_PROXIES": "10.0.0.0/8",
}


def test_without_settings_every_part_says_what_would_replace_it() -> None:
    text = greeting(Settings(), Path("/somewhere/data"))

    for name in REAL:
        assert f"set {name}" in text or f"until you set {name}" in text


def test_with_settings_each_part_is_named_as_yours_and_no_secret_is_shown() -> None:
    text = greeting(Settings.model_validate(REAL), Path("/somewhere/data"))

    for name in REAL:
        assert f"({name})" in text
    assert "hidden" not in text


def test_the_folder_of_the_index_is_the_one_api_service_uses() -> None:
    folder = index_folder(BookSettings(data_dir=Path("/somewhere/data")))

    assert f"kept in {folder};" in greeting(Settings(), Path("/somewhere/data"))


def test_an_ipv6_address_is_shown_as_a_url_has_it() -> None:
    assert "http://[::1]:3001/api/auth" in greeting(Settings(AUTH_SERVER_HOST="::1"), Path("/data"))


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])  # noqa: S104 -- only named
def test_listening_everywhere_is_reached_on_this_machine(host: str) -> None:
    settings = Settings(AUTH_SERVER_HOST=host, AUTH_SERVER_PORT=4001, API_SERVER_PORT=9000)
    text = greeting(settings, Path("/somewhere/data"))

    assert "http://127.0.0.1:4001/api/auth/sign-up/email" in text
    assert "http://127.0.0.1:9000/v1/chat" in text
