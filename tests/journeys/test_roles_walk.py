"""The README's walk through roles: the first admin, a role, the events; on one `make run`."""

import json
import subprocess
from pathlib import Path

import httpx
import jwt
import pytest

from tests.journeys.calls import four_calls
from tests.journeys.readme import CHECKOUT, commands
from tests.journeys.test_make_run import Run, make_run

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600), pytest.mark.xdist_group("make-run")]

_MARK = "\x1e"


def walk(run: Run, folder: Path) -> tuple[str, str, str, str]:
    """Run the section's blocks and draw a token; return what each has printed."""
    blocks = commands()["Roles and admins"]
    token = commands()["Four calls to an answer"][2]
    script = f"\nprintf '{_MARK}'\n".join([*blocks, f'{token}\nprintf %s "$TOKEN"'])
    script = script.replace(":3001", f":{run.auth_port}").replace("make ", f"make -sC {CHECKOUT} ")
    done = subprocess.run(
        ["bash", "-euc", script],
        cwd=folder,
        env=run.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    made, role, events, drawn = done.stdout.split(_MARK)
    return made, role, events, drawn


def test_the_first_admin_gives_a_role_and_reads_what_happened(tmp_path: Path) -> None:
    with make_run(tmp_path) as run:
        four_calls(tmp_path, auth_port=run.auth_port, api_port=run.api_port)
        made, role, events, token = walk(run, tmp_path)
        bearer = {"Authorization": f"Bearer {token}"}
        me = httpx.get(f"http://127.0.0.1:{run.api_port}/v1/me", headers=bearer, timeout=60).json()
    assert "reader@example.com is an admin" in made
    assert json.loads(role)["user"]["role"] == "instructor,admin"
    told, *lines = events.replace('"next":null}', '"next":null}\n').splitlines()
    assert [it["event"] for it in json.loads(told)["events"]] == [
        "role_set",
        "role_set",
        "signed_up",
    ]
    assert [json.loads(line)["event"] for line in lines if line] == [
        "signed_up",
        "role_set",
        "role_set",
    ]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["role"] == "instructor,admin"
    assert me["role"] == "instructor,admin"


def test_without_a_database_the_command_says_what_is_missing(tmp_path: Path) -> None:
    done = subprocess.run(
        ["make", "-s", "admin", "EMAIL=reader@example.com"],
        cwd=CHECKOUT,
        env={"PATH": "/usr/bin:/bin", "DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode != 0
    assert "start one, or set DATABASE_URL" in done.stderr
