import json
import subprocess
import sys

import pytest

from tests.auth_service.admins import person
from tests.auth_service.service import Service, bare_environment
from tests.auth_service.signed_in import get, post


def run(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "auth_service.retention"],
        env=bare_environment(**environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


async def test_what_has_expired_goes_and_what_counts_stays(
    service: Service, database_url: str
) -> None:
    await service.write("DELETE FROM verification")
    await service.write("DELETE FROM apikey")
    mina = await person(service, "mina")
    await post(service, "api-key/create", mina.cookie, {"name": "stays"})
    await service.write(
        'INSERT INTO session (id, "expiresAt", token, "updatedAt", "userId")'
        " SELECT 's' || n, now() - interval '1 second', 't' || n, now(), :id"
        " FROM generate_series(1, 2500) n",
        id=mina.id,
    )
    await service.write(
        'INSERT INTO verification (id, identifier, value, "expiresAt") VALUES'
        " ('old', 'old', 'v', now() - interval '1 second'),"
        " ('new', 'new', 'v', now() + interval '1 hour')"
    )
    await service.write(
        "INSERT INTO audit_event (event, created_at, user_id, ip_address, request_id)"
        " SELECT 'signed_in', now() - days * interval '1 day', 'kept', '', ''"
        " FROM unnest(ARRAY[5, 50]) days"
    )
    # The clock of the tests stands in the past; the session of this moment is of the future.
    await service.write(
        "UPDATE session SET \"expiresAt\" = now() + interval '1 day' WHERE length(token) > 10"
    )

    done = run(DATABASE_URL=database_url, AUDIT_DAYS="30")

    assert done.returncode == 0, done.stderr
    gone = json.loads(done.stdout)
    assert (gone["session"], gone["verification"], gone["apikey"]) == (2500, 1, 0)
    assert gone["audit_event"] >= 1
    assert json.loads(run(DATABASE_URL=database_url, AUDIT_DAYS="30").stdout) == dict.fromkeys(
        gone, 0
    )
    assert (await get(service, "get-session", mina.cookie)).json()["user"]["id"] == mina.id
    assert await service.rows("SELECT id FROM verification") == [("new",)]
    kept = "SELECT count(*) FROM audit_event WHERE user_id = 'kept'"
    assert await service.rows(kept) == [(1,)]


async def test_sessions_that_have_expired_are_not_told_to_api_service(
    service: Service, database_url: str
) -> None:
    mina = await person(service, "mina")
    asked = "SELECT count(*) FROM revocation"
    before = await service.rows(asked)
    await service.write(
        'UPDATE session SET "expiresAt" = now() - interval \'1 day\' WHERE "userId" = :id',
        id=mina.id,
    )
    assert json.loads(run(DATABASE_URL=database_url).stdout)["session"] == 1
    assert await service.rows(asked) == before


@pytest.mark.parametrize(
    ("environment", "status"),
    [
        ({"DATABASE_URL": "mysql://host/x"}, 2),
        ({"DATABASE_URL": "postgresql://127.0.0.1:1/x"}, 1),
        ({"DATABASE_URL": "postgresql://127.0.0.1:1/x", "AUDIT_DAYS": "-1"}, 2),
    ],
)
def test_a_command_that_cannot_says_why(environment: dict[str, str], status: int) -> None:
    done = run(**environment)
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr
    assert "Traceback" not in done.stderr
