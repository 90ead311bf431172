import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import jwt
import pytest

from tests.journeys.calls import Answers, ask, four_calls
from tests.journeys.places import section_at
from tests.journeys.readme import CHECKOUT, commands
from tests.loopback import free_port

LEROBOT = CHECKOUT.parent / "shared" / "data" / "book-lerobot" / "docs"

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]


@dataclass(frozen=True, slots=True)
class Run:
    """A `make run` that has greeted."""

    process: subprocess.Popen[bytes]
    output: Path
    environment: dict[str, str]
    auth_port: int
    api_port: int

    def printed(self) -> str:
        return self.output.read_text(encoding="utf-8", errors="replace")


@contextmanager
def make_run(folder: Path, **settings: str) -> Iterator[Run]:
    """Run the README's start command until the block is left, then press Ctrl-C."""
    auth_port, api_port = free_port(), free_port()
    environment = {
        **os.environ,
        "DATA_DIR": str(folder / "data"),
        "AUTH_SERVER_PORT": str(auth_port),
        "API_SERVER_PORT": str(api_port),
        "LOG_FORMAT": "json",
        **settings,
    }
    (command,) = commands()["Start"]
    output = folder / f"output-{time.monotonic_ns()}.txt"
    with output.open("wb") as sink:
        process = subprocess.Popen(
            ["bash", "-c", command],
            cwd=CHECKOUT,
            env=environment,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    run = Run(process, output, environment, auth_port, api_port)
    try:
        deadline = time.monotonic() + 240
        while "Ctrl-C stops everything" not in run.printed():
            assert process.poll() is None, run.printed()
            assert time.monotonic() < deadline, run.printed()
            time.sleep(0.1)
        yield run
    finally:
        with suppress(ProcessLookupError):  # a test may have ended it
            os.killpg(process.pid, signal.SIGINT)
        process.wait(60)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def run(home: Path) -> Iterator[Run]:
    with make_run(home) as run:
        yield run


@pytest.fixture(scope="module")
def answers(run: Run, home: Path) -> Answers:
    return four_calls(home, auth_port=run.auth_port, api_port=run.api_port)


def test_the_greeting_names_the_addresses_and_what_stands_in(run: Run) -> None:
    printed = run.printed()

    assert f"http://127.0.0.1:{run.auth_port}" in printed
    assert f"http://127.0.0.1:{run.api_port}" in printed
    assert "set OPENAI_API_KEY for written answers" in printed
    assert "set DATABASE_URL to use yours" in printed
    assert "set QDRANT_URL to use yours" in printed


def test_signing_up_sets_the_session_cookie(answers: Answers) -> None:
    assert answers.signed_up["user"]["email"] == "reader@example.com"
    assert "better-auth.session_token" in answers.cookies


def test_the_cookie_is_a_session(answers: Answers) -> None:
    assert answers.session["user"]["id"] == answers.signed_up["user"]["id"]
    assert answers.session["session"]["userId"] == answers.signed_up["user"]["id"]


def test_the_token_lives_seven_days(answers: Answers) -> None:
    claims = jwt.decode(answers.token, options={"verify_signature": False})

    assert claims["exp"] - claims["iat"] == 7 * 24 * 3600
    assert (claims["iss"], claims["aud"]) == ("auth-service", "api-service")


def test_the_answer_comes_from_the_book_with_its_place(answers: Answers) -> None:
    assert "Vision-Language-Action" in answers.answer["response"]
    assert (answers.answer["mode"], answers.answer["retrieval"]) == ("extractive", "bm25")
    assert isinstance(answers.answer["processing_time_ms"], int)
    first = answers.answer["sources"][0]
    assert first["url"].startswith("http://localhost:3000/docs/")
    assert "#" not in first["url"]
    assert first["anchor"] == "what-is-a-vla"


def test_the_answer_is_streamed_as_the_page_of_endpoints_says(run: Run, answers: Answers) -> None:
    (command,) = commands("docs/endpoints.md")["As it comes about"]
    at_port = command.replace(":8000", f":{run.api_port}")
    done = shell(at_port, {**run.environment, "TOKEN": answers.token})
    events = [line for line in done.stdout.splitlines() if line.startswith("event: ")]

    assert done.returncode == 0, done.stderr
    assert events[:2] == ["event: meta", "event: sources"]
    assert {"event: delta", "event: citation"} <= set(events)
    assert events[-1] == "event: done"


def test_openais_client_is_answered_as_the_page_of_endpoints_says(
    run: Run, answers: Answers
) -> None:
    (program,) = commands("docs/endpoints.md", "python")["OpenAI's clients"]
    done = subprocess.run(
        [sys.executable, "-c", program.replace(":8000", f":{run.api_port}")],
        env={**run.environment, "TOKEN": answers.token},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    assert "inertial measurement unit" in done.stdout
    assert re.search(r"\[\d\]", done.stdout)


def test_another_book_is_ingested_while_the_services_run(run: Run, answers: Answers) -> None:
    if not LEROBOT.is_dir():
        pytest.skip("the book in ../shared/data/book-lerobot is not here")
    (command,) = commands()["Your own book"]
    own = command.replace("examples/book", str(LEROBOT))

    first = shell(own, run.environment)
    again = shell(own, run.environment)

    assert first.returncode == 0, first.stderr
    assert "Written 0, removed 0" in again.stdout
    reply = ask("What is a Vision-Language-Action model?", answers.token, api_port=run.api_port)
    assert reply["sources"]
    for source in reply["sources"]:
        section = section_at(LEROBOT, "http://localhost:3000/docs", source)
        assert "vision-language-action" in section.lower(), source


def test_the_cut_of_a_book_is_judged(run: Run) -> None:
    (command,) = commands("docs/book.md")["How well it is cut"]

    done = shell(command, run.environment)

    assert done.returncode == 0, done.stderr
    assert "chunks" in done.stdout


def test_no_line_of_the_journey_holds_anything_private(run: Run, answers: Answers) -> None:
    printed = run.printed().partition("Ctrl-C stops everything")[2]

    assert '"event":"request"' in printed
    cookie = answers.cookies.split()[-1]
    secrets = json.loads((Path(run.environment["DATA_DIR"]) / "secrets.json").read_text())
    private = [answers.token, cookie, "correct horse", "reader@example.com", *secrets.values()]
    private += ["Vision-Language-Action", answers.signed_up["token"], "?"]
    assert [text for text in private if text in printed] == []


def test_users_are_there_at_the_next_start(tmp_path: Path) -> None:
    with make_run(tmp_path) as run:
        first = four_calls(tmp_path, auth_port=run.auth_port, api_port=run.api_port)
    with make_run(tmp_path) as run:
        session = shell(
            f"curl -s -b {tmp_path}/cookies.txt http://127.0.0.1:{run.auth_port}/api/auth/get-session",
            run.environment,
        )
        reply = ask("What is domain randomization?", first.token, api_port=run.api_port)

    assert json.loads(session.stdout)["user"]["id"] == first.signed_up["user"]["id"]
    assert reply["sources"]


def test_a_run_killed_outright_takes_everything_with_it_and_starts_again(tmp_path: Path) -> None:
    with make_run(tmp_path) as run:
        first = four_calls(tmp_path, auth_port=run.auth_port, api_port=run.api_port)
        os.kill(supervisor(run), signal.SIGKILL)
        for port in (run.auth_port, run.api_port):
            wait_until_closed(port)
        # What had ended before was not aimed at: its number may by now be another process's.
        assert "No such process" not in run.printed()
    with make_run(tmp_path) as run:
        reply = ask("What is domain randomization?", first.token, api_port=run.api_port)

    assert reply["sources"]


def test_a_postgresql_that_ends_by_itself_ends_the_run_and_is_named(tmp_path: Path) -> None:
    with make_run(tmp_path) as run:
        pid_file = tmp_path / "data" / "postgres" / "data" / "postmaster.pid"
        os.kill(int(pid_file.read_text().split()[0]), signal.SIGKILL)

        assert run.process.wait(30) != 0
        assert "PostgreSQL has ended by itself" in run.printed()


def test_a_second_run_on_the_same_data_says_so(run: Run) -> None:
    other = {
        **run.environment,
        "AUTH_SERVER_PORT": str(free_port()),
        "API_SERVER_PORT": str(free_port()),
    }
    done = shell("make run", other)

    assert done.returncode != 0
    assert "is in use by another run" in done.stderr


def test_a_taken_port_is_named_with_the_setting_that_moves_it(run: Run, tmp_path: Path) -> None:
    done = shell("make run", {**run.environment, "DATA_DIR": str(tmp_path)})

    assert done.returncode != 0
    assert f"Port {run.auth_port}" in done.stderr
    assert "AUTH_SERVER_PORT" in done.stderr


def shell(command: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", command],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


def supervisor(run: Run) -> int:
    found = subprocess.run(
        ["pgrep", "-f", "--session", str(run.process.pid), "python -m standalone"],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(found.stdout.split()[-1])


def wait_until_closed(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return
        time.sleep(0.1)
    raise AssertionError(f"port {port} is still served")
