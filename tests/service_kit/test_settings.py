import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import AliasChoices, Field, ValidationError

from service_kit.settings import Port, Secret, ServiceSettings, TokenSettings

STRONG = "1f0c6c1d5f9e4c0a8b7d3e2f1a0b9c8d"


class Settings(ServiceSettings):
    secret: Secret = Field(validation_alias="SOME_SECRET")
    port: Port = Field(default=1234, validation_alias=AliasChoices("SOME_PORT", "PORT"))


READ = """
import sys
from tests.service_kit.test_settings import Settings
from service_kit.settings import BadSettings
try:
    settings = Settings.from_environment()
except BadSettings as error:
    sys.exit(str(error))
print(settings.secret.get_secret_value(), settings.port, *settings.trusted_origins)
"""


def read(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).parents[2]
    return subprocess.run(
        [sys.executable, "-c", READ],
        cwd=folder,
        env={"PYTHONPATH": str(root), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_values_come_from_the_environment(tmp_path: Path) -> None:
    done = read(
        tmp_path, SOME_SECRET=STRONG, SOME_PORT="4000", TRUSTED_ORIGINS="https://a.b, https://c.d/"
    )

    assert done.stdout.split() == [STRONG, "4000", "https://a.b", "https://c.d"]


def test_a_value_may_lie_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{STRONG}\n")
    done = read(tmp_path, SOME_SECRET_FILE=str(tmp_path / "secret"))

    assert done.stdout.split()[0] == STRONG


def test_a_file_that_cannot_be_read_is_named_by_its_variable(tmp_path: Path) -> None:
    done = read(tmp_path, SOME_SECRET_FILE=str(tmp_path / "nowhere"))

    assert done.stderr.strip() == (
        "SOME_SECRET_FILE names a file that cannot be read: No such file or directory"
    )


def test_a_file_that_is_no_text_is_named_by_its_variable(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"\xff\xfe")
    done = read(tmp_path, SOME_SECRET_FILE=str(tmp_path / "secret"))

    assert done.stderr.strip() == (
        "SOME_SECRET_FILE names a file that cannot be read: no text in UTF-8"
    )


def test_a_dotenv_file_that_is_no_text_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xff\xfe")

    assert read(tmp_path).stderr.strip() == ".env is no text in UTF-8"


def test_a_dotenv_file_is_read_and_the_environment_wins(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"SOME_SECRET={STRONG}\nSOME_PORT=4000\n")

    assert read(tmp_path).stdout.split()[1] == "4000"
    assert read(tmp_path, SOME_PORT="5000").stdout.split()[1] == "5000"


def test_the_common_port_counts_where_the_own_one_is_unset(tmp_path: Path) -> None:
    assert read(tmp_path, SOME_SECRET=STRONG, PORT="6000").stdout.split()[1] == "6000"
    both = read(tmp_path, SOME_SECRET=STRONG, PORT="6000", SOME_PORT="7000")
    assert both.stdout.split()[1] == "7000"


def test_an_empty_value_counts_as_unset(tmp_path: Path) -> None:
    done = read(tmp_path, SOME_SECRET=STRONG, SOME_PORT="", TRUSTED_ORIGINS="")

    assert done.stdout.split() == [STRONG, "1234", "http://localhost:3000"]


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ("", "SOME_SECRET is not set; run `make env`"),
        ("too-short", "SOME_SECRET is shorter than 32 characters; run `make env`"),
        ("change-me-change-me-change-me-change-me", "SOME_SECRET is a placeholder, not a secret"),
        ("a" * 40, "SOME_SECRET is a placeholder, not a secret"),
    ],
)
def test_a_weak_secret_is_refused_with_the_cure(tmp_path: Path, value: str, complaint: str) -> None:
    done = read(tmp_path, SOME_SECRET=value)

    assert done.returncode == 1
    assert done.stderr.startswith(complaint)
    assert len(value) < 8 or value not in done.stderr


def test_every_bad_setting_is_named_on_a_line_of_its_own(tmp_path: Path) -> None:
    done = read(tmp_path, SOME_PORT="99999", LOG_FORMAT="xml", TRUSTED_ORIGINS="book.example")

    complaints = done.stderr.strip().splitlines()
    assert sorted(line.split()[0] for line in complaints) == [
        "LOG_FORMAT",
        "SOME_PORT",
        "SOME_SECRET",
        "TRUSTED_ORIGINS",
    ]


@pytest.mark.parametrize(
    "origin",
    [
        "https://book.example",
        "http://localhost:3000",
        "HTTPS://Book.Example",
        "http://[::1]:3000",
        "https://*.book.example",
        "http://localhost:*",
        "*.book.example",
        "myapp://",
        "exp://192.168.*.*:*/*",
    ],
)
def test_origins_are_those_of_pages_and_of_apps(origin: str) -> None:
    assert Settings(SOME_SECRET=STRONG, TRUSTED_ORIGINS=origin).trusted_origins == (origin,)


@pytest.mark.parametrize(
    "origin",
    [
        "book.example",
        "localhost:3000",
        "//book.example",
        "https://",
        "https://book.example/path",
        "https://*.book.example/path",
        "https://book.example?x=y",
        "https://book.example#x",
        "https://someone@book.example",
        "https://book.example:99999",
        "http://[::1",
    ],
)
def test_what_is_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(ValidationError, match="is not an origin such as"):
        Settings(SOME_SECRET=STRONG, TRUSTED_ORIGINS=origin)


@pytest.mark.parametrize("proxies", ["nginx", "10.0.0.1/8", "::1, 300.1.1.1"])
def test_what_is_no_proxys_address_is_named_once(proxies: str) -> None:
    with pytest.raises(ValidationError, match="is no address or network such as") as refusal:
        Settings(SOME_SECRET=STRONG, TRUSTED_PROXIES=proxies)

    assert refusal.value.error_count() == 1


@pytest.mark.parametrize("proxies", ["10.0.0.0/8, ::1", "192.0.2.1"])
def test_proxies_are_addresses_or_networks(proxies: str) -> None:
    settings = Settings(SOME_SECRET=STRONG, TRUSTED_PROXIES=proxies)

    assert len(settings.trusted_proxies) == len(proxies.split(","))


def test_settings_do_not_change_once_read() -> None:
    settings = Settings(SOME_SECRET=STRONG)

    with pytest.raises(ValidationError):
        settings.port = 1  # type: ignore[misc]  # that is what is refused


def token_secrets(**variables: str) -> tuple[str, ...]:
    return TokenSettings.model_validate(variables).token_secrets


def test_a_list_of_secrets_replaces_the_single_one() -> None:
    listed = f" 2:{STRONG[::-1]}, 10: {STRONG} "

    assert token_secrets(JWT_SECRET=STRONG) == (STRONG,)
    assert token_secrets(JWT_SECRETS=listed) == (STRONG[::-1], STRONG)
    assert token_secrets(JWT_SECRETS=f"1:{STRONG}", JWT_SECRET=STRONG[::-1]) == (STRONG,)


def test_a_secret_in_a_list_may_hold_a_colon() -> None:
    assert token_secrets(JWT_SECRETS=f"0:a:{STRONG}") == (f"a:{STRONG}",)


@pytest.mark.parametrize(
    ("listed", "words"),
    [
        (STRONG, "has no version: at place 1"),
        (f"2:{STRONG},{STRONG[::-1]}", "has no version: at place 2"),
        (f"-1:{STRONG}", "has no version: at place 1"),
        (f"2:{STRONG},", "has no version: at place 2"),
        (f"2:{STRONG},02:{STRONG[::-1]}", "has version 2 twice"),
        (f"2:{STRONG},1:short", "is shorter than 32 characters"),
        ("2:", "is shorter than 32 characters"),
    ],
)
def test_a_wrong_list_of_secrets_is_refused_in_words(listed: str, words: str) -> None:
    with pytest.raises(ValidationError, match=words) as refused:
        token_secrets(JWT_SECRETS=listed)
    assert len(refused.value.errors()) == 1
    assert STRONG not in refused.value.errors(include_input=False)[0]["msg"]


def test_neither_a_secret_nor_a_list_is_refused() -> None:
    with pytest.raises(ValidationError, match="is not set; run `make env`"):
        token_secrets()
