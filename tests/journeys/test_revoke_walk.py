"""The README's "Sign-out reaches api-service", word for word, by a shell."""

import json
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from auth_service.migrate import migrate
from standalone.postgres import running_postgres
from tests.contract.replicas import api_service, auth_service
from tests.journeys.readme import commands

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]

_MARK = "\x1e"


def walk(folder: Path, auth: str, api: str) -> list[str]:
    """Run the section after the calls that give a session and a token; return what each printed."""
    signing_up, _, taking_a_token, *_ = commands()["Four calls to an answer"]
    me = 'curl http://127.0.0.1:8000/v1/me -H "Authorization: Bearer $TOKEN"\n'
    blocks = [signing_up, taking_a_token, me, *commands()["Sign-out reaches api-service"]]
    script = f"\nprintf '{_MARK}'\n".join(blocks)
    for port, address in ((3001, auth), (8000, api)):
        script = script.replace(f":{port}", f":{urlsplit(address).port}")
    done = subprocess.run(
        ["bash", "-euc", script],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.split(_MARK)


def test_the_walk_ends_with_a_token_that_is_refused(tmp_path: Path) -> None:
    with running_postgres(tmp_path / "postgres", durable=False) as server:
        migrate(server.url)
        with (
            auth_service(tmp_path, server.url) as auth,
            api_service(tmp_path, auth) as api,
        ):
            signed_up, _, me, signed_out, refused, ready = walk(tmp_path, auth, api)

    assert json.loads(me)["user_id"] == json.loads(signed_up)["user"]["id"]
    assert json.loads(signed_out) == {"success": True}
    problem = json.loads(refused)
    assert (problem["status"], problem["type"]) == (401, "/problems/invalid-token")
    assert problem["detail"] == "The token has been revoked."
    assert json.loads(ready)["details"]["revocations"]["state"] == "following"
