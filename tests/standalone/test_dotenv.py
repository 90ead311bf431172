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


def test_a_file_that_is_there_is_left_alone(folder: Path) -> None:
    (folder / ".env").write_text("JWT_SECRET=mine\n")

    assert main(folder) == 0
    assert (folder / ".env").read_text() == "JWT_SECRET=mine\n"
