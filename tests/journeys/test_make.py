"""The other ways in: each part by itself, with a database of one's own."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from standalone.postgres import running_postgres
from tests.journeys.readme import CHECKOUT
from tests.loopback import free_port

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    folder = tmp_path_factory.mktemp("parts")
    with running_postgres(folder / "postgres", durable=False) as server:
        yield {
            **os.environ,
            "DATABASE_URL": server.url,
            "BETTER_AUTH_SECRET": "5a8d1c0e7b9f4a3e8c2d6f1b0a7e9d3c",
            "JWT_SECRET": "c3d9e7a0b1f6d2c8e3a4f9b7e0c1d8a5",
            "DATA_DIR": str(folder / "data"),
        }


def make(environment: dict[str, str], *target: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *target],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@contextmanager
def served(environment: dict[str, str], target: str) -> Iterator[None]:
    process = subprocess.Popen(
        ["make", target], cwd=CHECKOUT, env=environment, start_new_session=True
    )
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(30)


def wait_for(url: str) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            return httpx.get(url, timeout=5).raise_for_status().text
        except httpx.HTTPError:
            time.sleep(0.2)
    raise AssertionError(f"{url} does not answer")


def test_a_database_of_ones_own_is_migrated_and_served(environment: dict[str, str]) -> None:
    port = free_port()
    first, again = make(environment, "migrate"), make(environment, "migrate")
    with served({**environment, "AUTH_SERVER_PORT": str(port)}, "serve-auth"):
        ready = wait_for(f"http://127.0.0.1:{port}/ready")

    assert (first.returncode, again.returncode) == (0, 0), first.stderr + again.stderr
    assert '"database":"ok"' in ready


def test_api_service_runs_by_itself(environment: dict[str, str]) -> None:
    port = free_port()
    with served({**environment, "API_SERVER_PORT": str(port)}, "serve-api"):
        ready = wait_for(f"http://127.0.0.1:{port}/ready")

    assert '"index":"ok"' in ready


def test_a_service_without_its_secrets_does_not_start_and_says_why(tmp_path: Path) -> None:
    bare = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    shutil.copy(CHECKOUT / "Makefile", tmp_path)
    (tmp_path / ".venv").symlink_to(CHECKOUT / ".venv")
    for name in ("requirements", "pyproject.toml"):
        (tmp_path / name).symlink_to(CHECKOUT / name)
    done = subprocess.run(
        ["make", "serve-auth"],
        cwd=tmp_path,
        env=bare,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode != 0
    assert "JWT_SECRET is not set; run `make env`" in done.stderr


def test_a_book_whose_folder_has_spaces_in_its_name_is_ingested(
    environment: dict[str, str], tmp_path: Path
) -> None:
    book = tmp_path / "my book's pages"
    book.mkdir()
    (book / "arms.md").write_text("# Arms\n\nGrippers hold.\n")
    here = {**environment, "DATA_DIR": str(tmp_path / "data")}

    unnamed, named = make(here, "ingest"), make(here, "ingest", f"SOURCE={book}")

    assert unnamed.returncode != 0
    assert "make ingest SOURCE=folder" in unnamed.stderr
    assert named.returncode == 0, named.stderr
    assert "1 page in 1 chunk" in named.stdout


def test_secrets_are_written_once(tmp_path: Path) -> None:
    for name in ("Makefile", ".env.example"):
        shutil.copy(CHECKOUT / name, tmp_path)
    shutil.copytree(CHECKOUT / "standalone", tmp_path / "standalone")
    subprocess.run(["make", "env"], cwd=tmp_path, check=True, capture_output=True)
    written = (tmp_path / ".env").read_text()
    subprocess.run(["make", "env"], cwd=tmp_path, check=True, capture_output=True)

    assert re.search(r"^JWT_SECRET=[0-9a-f]{64}$", written, re.MULTILINE)
    assert (tmp_path / ".env").read_text() == written


def test_help_lists_every_target() -> None:
    targets = set(
        re.findall(r"^([a-z][a-z-]*):", (CHECKOUT / "Makefile").read_text(), re.MULTILINE)
    )
    shown = make(dict(os.environ), "help").stdout

    assert {target for target in targets if f"make {target} " not in shown} == set()
