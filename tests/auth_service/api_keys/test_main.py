import json
import subprocess
import sys

import pytest

from tests.auth_service.api_keys.keys import new_reader, use
from tests.auth_service.service import CHECKOUT, Service, bare_environment


def create(database_url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "auth_service.api_keys", "create", *arguments],
        env=bare_environment(DATABASE_URL=database_url),
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


async def test_the_command_sets_what_only_the_sites_owner_may(
    service: Service, database_url: str
) -> None:
    await new_reader(service)
    done = create(
        database_url,
        *("--user", "Mina@example.com", "--name", "nightly", "--prefix", "book_"),
        *("--remaining", "3", "--refill-amount", "5", "--refill-interval", "60000"),
        *("--rate-limit-max", "7", "--rate-limit-window", "1000", "--expires-in", "86400"),
        *("--permission", "book:ask", "--permission", "book:search"),
    )
    made = json.loads(done.stdout)
    columns = (
        'name, remaining, "refillAmount", "refillInterval", "rateLimitEnabled", "rateLimitMax", '
        '"rateLimitTimeWindow", permissions, "expiresAt" > now()'
    )
    stored = await service.rows(f"SELECT {columns} FROM apikey WHERE id = :id", id=made["id"])  # noqa: S608 -- ours
    permissions = '{"book":["ask","search"]}'
    assert stored == [("nightly", 3, 5, 60000, True, 7, 1000, permissions, True)]
    assert made["key"].startswith("book_")


async def test_a_key_of_the_command_opens_a_session(service: Service, database_url: str) -> None:
    await new_reader(service)
    made = create(database_url, "--user", "mina@example.com", "--rate-limit-max", "0")
    key = json.loads(made.stdout)["key"]
    for _ in range(12):
        assert (await use(service, key)).json()["user"]["email"] == "mina@example.com"


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("--user", "nobody@example.com"), 1, "Nobody has that address."),
        (("--user", "m@example.com", "--prefix", "a b"), 2, "A prefix is of letters"),
        (("--user", "m@example.com", "--name", "x" * 33), 2, "The name length is either"),
        (("--user", "m@example.com", "--refill-amount", "3"), 2, "go together"),
        (("--user", "m@example.com", "--permission", "ask"), 2, "RESOURCE:ACTION"),
        (("--user", "m@example.com", "--remaining", "-1"), 2, "invalid _count value"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    database_url: str, arguments: tuple[str, ...], status: int, said: str
) -> None:
    done = create(database_url, *arguments)
    assert (done.returncode, done.stdout) == (status, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_that_does_not_answer_is_named() -> None:
    done = create("postgresql://nobody@127.0.0.1:1/none", "--user", "m@example.com")
    assert done.returncode == 1
    assert "Service unavailable" in done.stderr


def test_without_a_database_the_setting_is_named() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "auth_service.api_keys", "create", "--user", "m@example.com"],
        env=bare_environment(),
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert "DATABASE_URL" in done.stderr
