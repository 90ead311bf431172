"""Everything is lost, and comes back from a backup: the commands of docs/backup.md."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from secrets import token_hex

import pytest

from tests.contract.replicas import seconds_until
from tests.journeys.calls import ask, four_calls
from tests.journeys.readme import CHECKOUT, commands
from tests.journeys.test_make_run import make_run

PAGE = "docs/backup.md"
SECRETS = {"BETTER_AUTH_SECRET", "JWT_SECRETS"}
OF_MAKE = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]


def shell(command: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command as from a terminal; beneath another, make also says which folder it enters."""
    return subprocess.run(
        ["bash", "-euc", command],
        cwd=CHECKOUT,
        env={name: value for name, value in environment.items() if name not in OF_MAKE},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def curl(*arguments: str) -> str:
    done = subprocess.run(
        ["curl", "-sS", "--fail-with-body", *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return done.stdout


def test_after_losing_everything_readers_stay_signed_in_and_are_answered(tmp_path: Path) -> None:
    backup, restore = commands(PAGE)["Back up and restore"]
    folder = tmp_path / "backup"
    secret = token_hex(32)
    with make_run(tmp_path, BETTER_AUTH_SECRET=secret, JWT_SECRETS=f"2:{token_hex(32)}") as run:
        before = four_calls(tmp_path, auth_port=run.auth_port, api_port=run.api_port)
        answered = ask("What is a VLA?", before.token, api_port=run.api_port)
        saved = shell(backup.replace("backups/today", str(folder)), run.environment)
        again = shell(backup.replace("backups/today", str(folder)), run.environment)
        data = Path(run.environment["DATA_DIR"])
        refused = shell(restore.replace("backups/today", str(folder)), run.environment)
    assert saved.returncode == 0, saved.stderr
    assert (again.returncode, "is there already" in again.stderr) == (2, True)
    assert (refused.returncode, "in use by another run" in refused.stderr) == (2, True)
    assert {path.name for path in folder.iterdir()} == {
        "accounts.zip",
        "index.jsonl.gz",
        "secrets.json",
        "SHA256SUMS",
    }
    assert all(path.stat().st_mode & 0o077 == 0 for path in (folder, *folder.iterdir()))
    checked = ["sha256sum", "--check", "--quiet", "--strict", "SHA256SUMS"]
    subprocess.run(checked, cwd=folder, check=True, timeout=30)

    shutil.rmtree(data)  # and what the secrets were set in
    environment = {k: v for k, v in run.environment.items() if k not in SECRETS}
    restored = shell(restore.replace("backups/today", str(folder)), environment)
    assert restored.returncode == 0, restored.stderr
    assert "sign in again" not in restored.stderr
    refused = shell(restore.replace("backups/today", str(folder)), run.environment)
    assert "not empty" in refused.stderr

    with make_run(tmp_path) as run:
        auth = f"http://127.0.0.1:{run.auth_port}/api/auth"
        session = json.loads(curl("-b", str(tmp_path / "cookies.txt"), f"{auth}/get-session"))
        assert session["user"] == before.session["user"]
        answer = ask("What is a VLA?", before.token, api_port=run.api_port)
        assert answer["sources"] == answered["sources"]
        told = commands(PAGE)["One person's data"]
        exported, erased = (shell(command, run.environment) for command in told)
        swept = shell(commands(PAGE)["What expires"][0], run.environment)
        gone = curl("-b", str(tmp_path / "cookies.txt"), f"{auth}/get-session")
        seconds_until(401, f"http://127.0.0.1:{run.api_port}", before.token, at_most=20)
    assert json.loads(exported.stdout)["user"][0]["email"] == "reader@example.com"
    assert json.loads(erased.stdout)["user"] == 1, erased.stderr
    assert json.loads(swept.stdout)["session"] == 0, swept.stderr
    assert gone == "null"


def test_a_backup_is_made_and_brought_back_while_nothing_runs(tmp_path: Path) -> None:
    environment = {**os.environ, "DATA_DIR": str(tmp_path / "data")}
    nothing = shell("make backup", environment)
    assert (nothing.returncode, "nothing in" in nothing.stderr) == (2, True)
    wrong = shell(f"make restore FROM={tmp_path}", environment)
    assert (wrong.returncode, "FROM=folder" in wrong.stderr) == (2, True)
