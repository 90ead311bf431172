import stat
from pathlib import Path

import pytest

from standalone.dotenv import SECRETS, filled, main
from tests.journeys.readme import CHECKOUT


def values(text: str) -> dict[str, str]:
    lines = (line for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return dict(line.split("=", 1) for line in lines)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / ".env.example").write_text((CHECKOUT / ".env.example").read_text())
    return tmp_path


def test_every_secret_is_filled_in_with_a_value_of_its_own() -> None:
    found = values(filled((CHECKOUT / ".env.example").read_text()))

    assert set(found) == set(SECRETS)
    assert len(set(found.values())) == len(SECRETS)
    assert all(len(value) == 64 for value in found.values())


def test_the_file_is_readable_by_its_owner_alone(folder: Path) -> None:
    assert main(folder) == 0
    assert stat.S_IMODE((folder / ".env").stat().st_mode) == 0o600


def test_a_file_that_has_its_secrets_is_left_alone(folder: Path) -> None:
    mine = "".join(f"{name}=mine\n" for name in SECRETS)
    (folder / ".env").write_text(mine)

    assert main(folder) == 0
    assert (folder / ".env").read_text() == mine


def test_the_secrets_a_file_lacks_are_added_and_the_rest_is_left_alone(folder: Path) -> None:
    (folder / ".env").write_text("JWT_SECRET=mine\nPOSTGRES_PASSWORD=\n# no end of line")

    assert main(folder) == 0
    text = (folder / ".env").read_text()
    assert text.startswith("JWT_SECRET=mine\nPOSTGRES_PASSWORD=\n# no end of line\n")
    found = values(text)
    assert found.pop("JWT_SECRET") == "mine"
    assert set(found) == {"BETTER_AUTH_SECRET", "POSTGRES_PASSWORD"}
    assert all(len(value) == 64 for value in found.values())
    assert stat.S_IMODE((folder / ".env").stat().st_mode) == 0o600
