"""The four calls of the README, run by a shell as a reader would, and what they answered."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.journeys.readme import commands

_MARK = "\x1e"


@dataclass(frozen=True, slots=True)
class Answers:
    """The bodies of the calls, in their order; the third prints nothing, it sets TOKEN."""

    signed_up: dict[str, Any]
    session: dict[str, Any]
    token: str
    answer: dict[str, Any]
    cookies: str


def four_calls(folder: Path, *, auth_port: int = 3001, api_port: int = 8000) -> Answers:
    """Run the calls in folder and return their answers."""
    script = f"\nprintf '{_MARK}'\n".join(commands()["Four calls to an answer"])
    script = script.replace(":3001", f":{auth_port}").replace(":8000", f":{api_port}")
    done = subprocess.run(
        ["bash", "-euc", f"{script}\nprintf '{_MARK}%s' \"$TOKEN\""],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    signed_up, session, _, answer, token = done.stdout.split(_MARK)
    return Answers(
        signed_up=json.loads(signed_up),
        session=json.loads(session),
        token=token,
        answer=json.loads(answer),
        cookies=(folder / "cookies.txt").read_text(encoding="utf-8"),
    )


def ask(message: str, token: str, *, api_port: int = 8000) -> dict[str, Any]:
    """Ask the book one question and return the reply."""
    done = subprocess.run(
        [
            *("curl", "-sS", "--fail-with-body", f"http://127.0.0.1:{api_port}/v1/chat"),
            *("-H", f"Authorization: Bearer {token}", "-H", "Content-Type: application/json"),
            *("-d", json.dumps({"message": message})),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    reply: dict[str, Any] = json.loads(done.stdout)
    return reply
