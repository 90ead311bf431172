"""The journey through containers, from the repository's files as they are."""

import json
import os
import secrets
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.calls import Answers, ask, four_calls
from tests.journeys.containers import Stack, copy_of_the_repository
from tests.journeys.places import section_at
from tests.journeys.readme import CHECKOUT, commands

LEROBOT = CHECKOUT.parent / "shared" / "data" / "book-lerobot" / "docs"

pytestmark = [
    pytest.mark.journey,
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        os.environ.get("COMPOSE_JOURNEY") != "1", reason="runs by `make test-compose` alone"
    ),
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_of_the_repository(tmp_path_factory.mktemp("clone"))


@pytest.fixture(scope="module")
def stack(copy: Path) -> Iterator[Stack]:
    stack = Stack(copy)
    subprocess.run(["make", "env"], cwd=copy, check=True)
    with (copy / ".env").open("a") as settings:
        # These tests sign in more often than a reader may.
        settings.write("CREDENTIAL_RATE_LIMIT=1000/minute\n")
    up = stack.compose("up", "--build", "--wait", "--detach", check=False)
    try:
        assert up.returncode == 0, up.stderr + stack.compose("logs", check=False).stdout
        yield stack
    finally:
        down = stack.compose("down", "--volumes", "--remove-orphans", check=False)
        assert down.returncode == 0, down.stderr


@pytest.fixture(scope="module")
def answers(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Answers:
    del stack
    return four_calls(tmp_path_factory.mktemp("reader"))


def test_without_secrets_it_stops_and_says_what_to_do(copy: Path) -> None:
    bare = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME"}}
    done = subprocess.run(
        ["docker", "compose", "--env-file", "/dev/null", "config"],
        cwd=copy,
        env=bare,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode != 0
    assert "run `make env` once" in done.stderr


def test_the_four_calls_answer_as_documented(answers: Answers) -> None:
    assert "better-auth.session_token" in answers.cookies
    assert answers.session["user"]["id"] == answers.signed_up["user"]["id"]
    assert "Vision-Language-Action" in answers.answer["response"]
    assert answers.answer["sources"][0]["anchor"] == "what-is-a-vla"


def test_only_the_services_are_published_and_only_on_this_machine(stack: Stack) -> None:
    published = {
        (container["Service"], port["URL"], port["PublishedPort"])
        for line in stack.compose("ps", "--format", "json").stdout.splitlines()
        for container in [json.loads(line)]
        for port in container["Publishers"] or []
        if port["PublishedPort"]
    }

    assert published == {
        ("auth-service", "127.0.0.1", 3001),
        ("api-service", "127.0.0.1", 8000),
    }


def test_a_real_book_replaces_the_example_and_is_asked(stack: Stack, answers: Answers) -> None:
    if not LEROBOT.is_dir():
        pytest.skip("the book in ../shared/data/book-lerobot is not here")
    own = commands("docs/containers.md")["Your book"][0].replace("$PWD/examples/book", str(LEROBOT))
    subprocess.run(["bash", "-c", own], cwd=stack.folder, check=True, timeout=300)

    reply = ask("What is a Vision-Language-Action model?", answers.token)

    assert reply["sources"]
    for source in reply["sources"]:
        section = section_at(LEROBOT, "http://localhost:3000/docs", source)
        assert "vision-language-action" in section.lower(), source


@pytest.mark.parametrize("service", ["auth-service", "api-service", "postgres"])
def test_what_is_killed_is_back_within_ten_seconds_and_nobody_is_lost(
    stack: Stack, answers: Answers, service: str, tmp_path: Path
) -> None:
    if os.geteuid() != 0:
        pytest.skip("killing a container's process from the host takes root")
    del answers
    email = f"{secrets.token_hex(8)}@example.com"
    assert post("sign-up", {"name": "Reader", "email": email, "password": PASSWORD}) == 200

    os.kill(stack.main_process(service), 9)

    deadline = time.monotonic() + 10
    while (status := post("sign-in", {"email": email, "password": PASSWORD})) != 200:
        assert time.monotonic() < deadline, (service, status)
        time.sleep(0.5)
    while get("http://127.0.0.1:8000/ready") != 200:
        assert time.monotonic() < deadline, service
        time.sleep(0.5)


def test_no_line_of_the_containers_holds_anything_private(stack: Stack, answers: Answers) -> None:
    logs = stack.compose("logs", "--no-color", "auth-service", "api-service", "ingest").stdout
    settings = dict(
        line.split("=", 1)
        for line in (stack.folder / ".env").read_text().splitlines()
        if "=" in line and not line.startswith("#")
    )

    assert '"event":"request"' in logs
    private = [answers.token, answers.signed_up["token"], answers.cookies.split()[-1]]
    private += [PASSWORD, "correct horse", "@example.com", "Vision-Language-Action"]
    private += [
        settings[name] for name in ("BETTER_AUTH_SECRET", "JWT_SECRET", "POSTGRES_PASSWORD")
    ]
    assert [text for text in private if text in logs] == []


PASSWORD = "battery staple correct"


def post(path: str, body: dict[str, str]) -> int:
    """Call a one-call route of auth-service as a client without a browser; 0 when it is away."""
    return status_of(
        *("-H", "Content-Type: application/json", "-d", json.dumps(body)),
        f"http://127.0.0.1:3001/api/auth/{path}",
    )


def get(url: str) -> int:
    return status_of(url)


def status_of(*arguments: str) -> int:
    command = ["curl", "-s", "-o", "/dev/null", "-m", "5", "-w", "%{http_code}", *arguments]
    return int(subprocess.run(command, capture_output=True, text=True, check=False).stdout)
