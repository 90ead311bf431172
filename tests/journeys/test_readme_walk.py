"""The README's four calls and what goes on from them in docs/accounts.md, in one shell."""

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import jwt
import pytest

from tests.journeys.calls import ask
from tests.journeys.readme import CHECKOUT, commands
from tests.journeys.test_make_run import Run, make_run

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]

FIRST, LAST = "Four calls to an answer", "Sign-out reaches api-service"

_MARK, _MIDST = "\x1e", "\x1f"
_VARIABLES = ("TOKEN", "REFRESH", "KEY")


@dataclass(frozen=True, slots=True)
class Block:
    """What a block of commands printed, and the shell's variables after it; "" where unset."""

    printed: str
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Walk:
    """The walk of one reader.

    Attributes:
        run: The `make run` it was beside, which runs still.
        sections: The blocks of each section, by its heading.
    """

    run: Run
    sections: Mapping[str, Sequence[Block]]


def walk(run: Run, folder: Path) -> Walk:
    """Run the blocks in the pages' order in a folder, as a reader does who skips none."""
    accounts = commands("docs/accounts.md")
    headings = list(accounts)
    headings = [FIRST, *headings[: headings.index(LAST) + 1]]
    sections = {FIRST: commands()[FIRST], **accounts}
    values = f"{_MIDST}".join(f"${{{name}-}}" for name in _VARIABLES)
    script = "".join(
        f'{block}\nprintf %s "{_MIDST}{values}{_MARK}"\n'
        for heading in headings
        for block in sections[heading]
    )
    script = script.replace(":3001", f":{run.auth_port}").replace(":8000", f":{run.api_port}")
    script = script.replace("make ", f"make -sC {CHECKOUT} ")
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
    blocks = map(_block, done.stdout.split(_MARK)[:-1])
    return Walk(run, {heading: [next(blocks) for _ in sections[heading]] for heading in headings})


def _block(text: str) -> Block:
    printed, *values = text.split(_MIDST)
    return Block(printed, dict(zip(_VARIABLES, values, strict=True)))


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    folder = tmp_path_factory.mktemp("walk")
    with make_run(folder) as run:
        yield walk(run, folder)


def test_a_refresh_token_is_exchanged_for_an_access_token_and_the_next(walked: Walk) -> None:
    asked, block, _ = walked.sections["Refresh tokens"]
    first, exchanged = asked.variables["REFRESH"], json.loads(block.printed)

    assert asked.printed == ""
    assert len(first) == 86
    assert set(exchanged) == {"token", "refreshToken", "expiresIn"}
    assert exchanged["refreshToken"] != first
    claims = jwt.decode(exchanged["token"], options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == exchanged["expiresIn"]


def test_the_next_refresh_token_goes_on(walked: Walk) -> None:
    exchanged = json.loads(walked.sections["Refresh tokens"][1].printed)
    again = httpx.post(
        f"http://127.0.0.1:{walked.run.auth_port}/api/auth/token/refresh",
        json={"refreshToken": exchanged["refreshToken"]},
        timeout=60,
    )

    token = again.raise_for_status().json()["token"]
    assert ask("What is domain randomization?", token, api_port=walked.run.api_port)["sources"]


def test_a_browser_holds_it_in_a_cookie(walked: Walk) -> None:
    *_, browser = walked.sections["Refresh tokens"]
    drawn, refreshed = map(json.loads, browser.printed.splitlines())

    assert set(drawn) == {"token", "user", "expiresIn"}
    assert set(refreshed) == {"token", "expiresIn"}
    assert drawn["user"]["email"] == "reader@example.com"


def test_the_token_is_checked_by_the_key_that_is_listed(walked: Walk) -> None:
    drawn, listed, me = walked.sections["Tokens anybody can check"]
    (key,) = json.loads(listed.printed)["keys"]
    origin = f"http://localhost:{walked.run.auth_port}"

    claims = jwt.decode(
        drawn.variables["TOKEN"],
        jwt.PyJWK(key),
        algorithms=["EdDSA"],
        issuer=origin,
        audience=origin,
    )

    signed_up = json.loads(walked.sections["Four calls to an answer"][0].printed)
    assert claims["sub"] == json.loads(me.printed)["user_id"] == signed_up["user"]["id"]
    assert claims["exp"] - claims["iat"] == 900


def test_the_first_admin_gives_a_role_that_the_next_token_says(walked: Walk) -> None:
    made, given, me, _ = walked.sections["Roles and admins"]
    claims = jwt.decode(me.variables["TOKEN"], options={"verify_signature": False})

    assert "reader@example.com is an admin" in made.printed
    assert json.loads(given.printed)["user"]["role"] == "instructor,admin"
    assert claims["role"] == "instructor,admin"
    assert json.loads(me.printed)["role"] == "instructor,admin"


def test_what_happened_is_read_in_pages_and_exported(walked: Walk) -> None:
    *_, events = walked.sections["Roles and admins"]
    page, *lines = map(json.loads, events.printed.splitlines())
    told = [event["event"] for event in page["events"]]

    assert told[:2] == ["role_set", "role_set"]
    assert told[-1] == "signed_up"
    assert [line["event"] for line in lines] == told[::-1]


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


def test_a_key_is_made_asked_with_exchanged_and_deleted(walked: Walk) -> None:
    signed_up = json.loads(walked.sections["Four calls to an answer"][0].printed)
    _, answered, token, deleted = walked.sections["API keys"]
    claims = jwt.decode(json.loads(token.printed)["token"], options={"verify_signature": False})

    assert json.loads(answered.printed)["sources"][0]["anchor"] == "what-is-a-vla"
    assert claims["sub"] == signed_up["user"]["id"]
    assert json.loads(deleted.printed) == {"success": True}


def test_a_deleted_key_is_refused(walked: Walk) -> None:
    key = walked.sections["API keys"][0].variables["KEY"]
    address = f"http://127.0.0.1:{walked.run.api_port}/v1/me"

    assert len(key) == len("book_") + 64
    assert httpx.get(address, headers={"X-API-Key": key}, timeout=60).status_code == 401


def test_no_line_of_the_log_holds_any_of_the_key(walked: Walk) -> None:
    lines = walked.run.printed().partition("Ctrl-C stops everything")[2]

    assert "/api/auth/api-key/create" in lines
    assert "book_" not in lines


def test_signing_out_ends_the_token_and_the_refresh_token(walked: Walk) -> None:
    me = walked.sections["Roles and admins"][2]
    signed_out, me_again, refreshed, ready = (
        json.loads(block.printed) for block in walked.sections["Sign-out reaches api-service"]
    )

    assert json.loads(me.printed)["email"] == "reader@example.com"
    assert signed_out == {"success": True}
    assert (me_again["status"], me_again["type"]) == (401, "/problems/invalid-token")
    assert me_again["detail"] == "The token has been revoked."
    assert refreshed == {"message": "Invalid token", "code": "INVALID_TOKEN"}
    assert ready["details"]["revocations"]["state"] == "following"
