import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from auth_service.oauth.providers import choose
from auth_service.oauth_settings import OAuthSettings, is_private_or_tls
from tests.auth_service.service import bare_environment, make_settings

URL = "postgresql://host/database"
CAMPUS = {
    "OIDC_CAMPUS_ISSUER": "https://login.campus.example/",
    "OIDC_CAMPUS_CLIENT_ID": "book",
    "OIDC_CAMPUS_CLIENT_SECRET": "secret",
}
SHOW = """
from auth_service.oauth_settings import OAuthSettings
from service_kit.settings import BadSettings
try:
    for name, client in OAuthSettings.from_environment().oidc_clients.items():
        print(name, client.issuer, client.client_id, client.client_secret.get_secret_value())
except BadSettings as bad:
    print("BAD", bad)
"""


def read(folder: Path, **variables: str) -> str:
    """What a process says that is started with these variables."""
    done = subprocess.run(
        [sys.executable, "-c", SHOW],
        cwd=folder,
        env=bare_environment(**variables),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_without_settings_there_is_no_provider() -> None:
    assert choose(make_settings(URL)) == {}


def test_each_provider_comes_with_its_settings() -> None:
    settings = make_settings(
        URL,
        GOOGLE_CLIENT_ID="a",
        GOOGLE_CLIENT_SECRET="b",
        GITHUB_CLIENT_ID="c",
        GITHUB_CLIENT_SECRET="d",
    )
    assert list(choose(settings)) == ["google", "github"]
    assert "b" not in repr(choose(settings)["google"].client)


@pytest.mark.parametrize("name", ["GOOGLE", "GITHUB"])
def test_an_id_without_its_secret_stops_the_start(name: str) -> None:
    with pytest.raises(ValidationError, match=f"{name}_CLIENT_SECRET is not set"):
        make_settings(URL, **{f"{name}_CLIENT_ID": "a"})


@pytest.mark.parametrize(
    "url",
    ["http://github.example", "github.com", "https://", "https://a?b", "https://a#b", "file:///x"],
)
def test_what_others_can_read_is_no_place_for_a_provider(url: str) -> None:
    with pytest.raises(ValidationError, match="is no https address"):
        OAuthSettings.model_validate({"GITHUB_BASE_URL": url})


@pytest.mark.parametrize(
    ("url", "is_good"),
    [
        ("https://login.example", True),
        ("http://localhost:8080/realms/a", True),
        ("http://campus.localhost", True),
        ("http://127.0.0.1:9", True),
        ("http://[::1]:9", True),
        ("http://10.0.0.1", False),
        ("http://localhost.example", False),
        ("nothing", False),
    ],
)
def test_http_is_for_this_machine(url: str, is_good: bool) -> None:
    assert is_private_or_tls(url) is is_good


def test_openid_providers_are_named_by_their_variables(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from a file\n")
    two = {name.replace("CAMPUS", "MY_LAB"): f"{value}2" for name, value in CAMPUS.items()}
    del two["OIDC_MY_LAB_CLIENT_SECRET"]
    said = read(tmp_path, **CAMPUS, **two, OIDC_MY_LAB_CLIENT_SECRET_FILE=str(secret))
    assert sorted(said.splitlines()) == [
        "campus https://login.campus.example/ book secret",
        "my_lab https://login.campus.example/2 book2 from a file",
    ]


def test_they_may_stand_in_the_env_file_which_the_environment_overrules(tmp_path: Path) -> None:
    lines = [f"{name}={value}" for name, value in CAMPUS.items()]
    (tmp_path / ".env").write_text("\n".join(lines))
    said = read(tmp_path, OIDC_CAMPUS_CLIENT_ID="other")
    assert said == "campus https://login.campus.example/ other secret"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"OIDC_CAMPUS_CLIENT_ID": ""}, "OIDC_CAMPUS_CLIENT_ID is not set"),
        ({"OIDC_CAMPUS_CLIENT_SECRET": ""}, "OIDC_CAMPUS_CLIENT_SECRET is not set"),
        ({"OIDC_CAMPUS_ISSUER": ""}, "OIDC_CAMPUS_ISSUER is not set"),
        ({"OIDC_CAMPUS_ISSUER": "http://campus.example"}, "OIDC_CAMPUS_ISSUER is no https address"),
        ({"OIDC_GITHUB_ISSUER": "https://a.example"}, "OIDC_GITHUB_ISSUER takes a name"),
        ({"OIDC_CAMPUS_CLIENT_SECRET_FILE": "/nowhere"}, "names a file that cannot be read"),
    ],
)
def test_what_is_missing_or_wrong_is_named(
    tmp_path: Path, changed: dict[str, str], said: str
) -> None:
    assert said in read(tmp_path, **{**CAMPUS, **changed})
