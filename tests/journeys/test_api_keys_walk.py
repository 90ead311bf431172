"""The README's walk with an API key, run by a shell against `make run`."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest

from tests.journeys.calls import four_calls
from tests.journeys.readme import commands
from tests.journeys.test_make_run import Run, make_run

MARK = "\x1e"

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600), pytest.mark.xdist_group("make-run")]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    with make_run(tmp_path_factory.mktemp("keys")) as run:
        yield run


def walk(script: str, folder: Path, run: Run) -> list[str]:
    """Run commands as a reader would, and return what each block printed."""
    script = script.replace(":3001", f":{run.auth_port}").replace(":8000", f":{run.api_port}")
    done = subprocess.run(
        ["bash", "-euc", script],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout.split(MARK)


def test_a_key_is_made_asked_with_exchanged_and_deleted(run: Run, tmp_path: Path) -> None:
    reader = four_calls(tmp_path, auth_port=run.auth_port, api_port=run.api_port)
    blocks = commands()["API keys"]
    again = f"{blocks[1].rstrip()} -s -o /dev/null -w '%{{http_code}}'\n"
    printed = walk(f"\nprintf '{MARK}'\n".join([*blocks, again]), tmp_path, run)
    _, answer, token, deleted, refused = printed
    said: dict[str, Any] = json.loads(answer)
    claims = jwt.decode(json.loads(token)["token"], options={"verify_signature": False})

    assert said["sources"][0]["anchor"] == "what-is-a-vla"
    assert claims["sub"] == reader.signed_up["user"]["id"]
    assert json.loads(deleted) == {"success": True}
    assert refused == "401"
    lines = run.printed().partition("Ctrl-C stops everything")[2]
    assert "book_" not in lines
