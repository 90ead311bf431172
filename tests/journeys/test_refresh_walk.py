"""The README's walk with refresh tokens, by a shell, against the whole system."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jwt
import pytest

from tests.journeys.calls import ask, four_calls
from tests.journeys.readme import CHECKOUT, commands
from tests.journeys.test_make_run import free_port

_MARK = "\x1e"

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300), pytest.mark.xdist_group("make-run")]


@dataclass(frozen=True, slots=True)
class System:
    """What `make run` starts, once it has greeted."""

    auth_port: int
    api_port: int


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("refresh-walk")
    system = System(free_port(), free_port())
    output = folder / "output.txt"
    with output.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "standalone"],
            cwd=CHECKOUT,
            env={
                **os.environ,
                "DATA_DIR": str(folder / "data"),
                "AUTH_SERVER_PORT": str(system.auth_port),
                "API_SERVER_PORT": str(system.api_port),
            },
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + 120
        while "Ctrl-C stops everything" not in output.read_text(errors="replace"):
            assert process.poll() is None, output.read_text(errors="replace")
            assert time.monotonic() < deadline, output.read_text(errors="replace")
            time.sleep(0.1)
        yield system
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


@pytest.fixture(scope="module")
def walked(system: System, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What each block of the section printed, in the folder of the four calls."""
    folder = tmp_path_factory.mktemp("reader")
    four_calls(folder, auth_port=system.auth_port, api_port=system.api_port)
    script = f"\nprintf '{_MARK}'\n".join(commands()["Refresh tokens"])
    script = script.replace(":3001", f":{system.auth_port}").replace(":8000", f":{system.api_port}")
    done = subprocess.run(
        ["bash", "-euc", f"{script}\nprintf '{_MARK}%s' \"$REFRESH\""],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.split(_MARK)


def members(printed: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(printed)
    return read


def test_a_refresh_token_is_exchanged_for_an_access_token_and_the_next(
    walked: list[str], system: System
) -> None:
    *_, first = walked
    asked, exchanged = walked[0], members(walked[1])

    assert asked == ""
    assert len(first) == 86
    assert set(exchanged) == {"token", "refreshToken", "expiresIn"}
    assert exchanged["refreshToken"] != first
    claims = jwt.decode(exchanged["token"], options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == exchanged["expiresIn"]
    reply = ask("What is domain randomization?", exchanged["token"], api_port=system.api_port)
    assert reply["sources"]


def test_a_browser_holds_it_in_a_cookie(walked: list[str]) -> None:
    drawn, refreshed = (members(line) for line in walked[2].splitlines())

    assert set(drawn) == {"token", "user", "expiresIn"}
    assert set(refreshed) == {"token", "expiresIn"}
    assert drawn["user"]["email"] == "reader@example.com"


def test_signing_out_ends_it(walked: list[str]) -> None:
    signed_out, refused = (members(line) for line in walked[3].splitlines())

    assert signed_out == {"success": True}
    assert refused == {"message": "Invalid token", "code": "INVALID_TOKEN"}
