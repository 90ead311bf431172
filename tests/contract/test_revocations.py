"""What ends at one service is heard by the other: two processes of each, on one database."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from auth_service.migrate import migrate
from auth_service.revocations.recording import SETTLED
from auth_service.tokens.issuer import mint
from standalone.postgres import running_postgres
from tests.auth_service.service import ORIGIN, PASSWORD, TOKEN_SECRET
from tests.auth_service.takeover.databases import run
from tests.contract.replicas import (
    SECONDS,
    Reader,
    api_service,
    asked,
    auth_service,
    seconds_until,
    signed_up,
)
from tests.contract.test_token import profile
from tests.loopback import free_port


@dataclass(frozen=True, slots=True)
class Site:
    """Two of each service; each api-service asks an auth-service of its own."""

    database: str
    auth: tuple[str, str]
    api: tuple[str, str]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_postgres(tmp_path_factory.mktemp("shared"), durable=False) as server:
        migrate(server.url)
        yield server.url


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, database: str) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    with ExitStack() as stack:
        # Replicas go by one name, which the tokens of /token are checked for.
        name = "http://localhost:3001"
        first, second = (
            stack.enter_context(auth_service(folder, database, BETTER_AUTH_URL=name))
            for _ in range(2)
        )
        api = [
            stack.enter_context(api_service(folder, each, BETTER_AUTH_URL=name))
            for each in (first, second)
        ]
        yield Site(database, (first, second), (api[0], api[1]))


@pytest.fixture
def reader(site: Site) -> Iterator[Reader]:
    with signed_up(site.auth[0], f"{uuid4().hex}@example.com") as reader:
        assert [asked(api, reader.token) for api in site.api] == [200, 200]
        yield reader


def sign_out(reader: Reader) -> None:
    reader.post("sign-out")


def change_password(reader: Reader) -> None:
    reader.post(
        "change-password",
        currentPassword=PASSWORD,
        newPassword="another horse battery",
        revokeOtherSessions=True,
    )


def revoke_session(reader: Reader) -> None:
    sessions = reader.client.get("/api/auth/list-sessions").raise_for_status().json()
    reader.post("revoke-session", token=sessions[0]["token"])


def revoke_sessions(reader: Reader) -> None:
    reader.post("revoke-sessions")


def delete_user(reader: Reader) -> None:
    reader.post("delete-user", password=PASSWORD)


@pytest.mark.parametrize(
    "ending", [sign_out, change_password, revoke_session, revoke_sessions, delete_user]
)
def test_a_token_is_refused_everywhere_within_two_seconds(
    site: Site, reader: Reader, ending: Callable[[Reader], None]
) -> None:
    ending(reader)
    for api in site.api:
        seconds_until(401, api, reader.token)


@pytest.fixture
def admin(site: Site) -> Iterator[Reader]:
    with signed_up(site.auth[0], f"{uuid4().hex}@example.com") as admin:
        make_admin(site, admin)
        yield admin


def make_admin(site: Site, reader: Reader) -> None:
    run(site.database, f"UPDATE \"user\" SET role = 'admin' WHERE id = '{reader.user_id}'")  # noqa: S608 -- ours


def key_of(reader: Reader, site: Site) -> str:
    """Return an API key that may be used without end, so that what is told of it is kept."""
    made = reader.post("api-key/create").json()
    run(
        site.database,
        f"UPDATE apikey SET \"rateLimitEnabled\" = false WHERE id = '{made['id']}'",  # noqa: S608 -- ours
    )
    key: str = made["key"]
    return key


def with_key(api: str, key: str) -> int:
    return httpx.get(f"{api}/v1/me", headers={"x-api-key": key}, timeout=20).status_code


@pytest.mark.parametrize("path", ["ban-user", "set-role", "remove-user", "revoke-user-sessions"])
def test_what_an_admin_ends_is_refused_everywhere_within_two_seconds(
    site: Site, reader: Reader, admin: Reader, path: str
) -> None:
    make_admin(site, reader)  # so that another role takes one away
    of_eddsa = reader.client.get("/api/auth/token").raise_for_status().json()["token"]
    assert [asked(api, of_eddsa) for api in site.api] == [200, 200]
    admin.post(f"admin/{path}", userId=reader.user_id, role="instructor")
    for api in site.api:
        seconds_until(401, api, reader.token)
        seconds_until(401, api, of_eddsa)


def test_a_refresh_after_another_role_gives_a_token_that_says_it(
    site: Site, reader: Reader, admin: Reader
) -> None:
    make_admin(site, reader)
    shown = reader.client.get("/api/auth/jwt?grant=refresh").json()["refreshToken"]
    admin.post("admin/set-role", userId=reader.user_id, role="instructor")
    seconds_until(401, site.api[0], reader.token)
    time.sleep(SETTLED.total_seconds() + 1)  # tokens of the very moment are refused as well
    drawn = reader.post("token/refresh", refreshToken=shown).json()["token"]
    headers = {"authorization": f"Bearer {drawn}"}
    assert httpx.get(f"{site.api[0]}/v1/me", headers=headers).json()["role"] == "instructor"


@pytest.mark.parametrize("ending", ["api-key/delete", "api-key/update", "ban", "delete-user"])
def test_a_key_ends_within_two_seconds_where_its_answer_is_kept(
    site: Site, reader: Reader, admin: Reader, ending: str
) -> None:
    key = key_of(reader, site)
    assert [with_key(api, key) for api in site.api] == [200, 200]
    match ending:
        case "ban":
            admin.post("admin/ban-user", userId=reader.user_id)
        case "delete-user":
            reader.post("delete-user", password=PASSWORD)
        case _:
            listed = reader.client.get("/api/auth/api-key/list").json()["apiKeys"]
            reader.post(ending, keyId=listed[0]["id"], enabled=False)
    started = time.monotonic()
    for api in site.api:
        while with_key(api, key) != 401:
            assert time.monotonic() - started < SECONDS
            time.sleep(0.02)


def test_a_key_outlives_its_owners_password_and_being_disabled(site: Site, reader: Reader) -> None:
    key = key_of(reader, site)
    assert [with_key(api, key) for api in site.api] == [200, 200]
    change_password(reader)
    for api in site.api:
        seconds_until(401, api, reader.token)  # so the change is heard of
        assert with_key(api, key) == 200
    (listed,) = reader.client.get("/api/auth/api-key/list").json()["apiKeys"]
    reader.post("api-key/update", keyId=listed["id"], enabled=False)
    time.sleep(SECONDS)
    assert [with_key(api, key) for api in site.api] == [401, 401]
    reader.post("api-key/update", keyId=listed["id"], enabled=True)
    started = time.monotonic()
    for api in site.api:
        while with_key(api, key) != 200:  # a refusal is kept for five seconds
            assert time.monotonic() - started < 7
            time.sleep(0.1)


def test_a_token_drawn_after_a_new_password_counts_at_once(site: Site, reader: Reader) -> None:
    change_password(reader)
    newer = reader.another_token()

    for api in site.api:
        seconds_until(401, api, reader.token)
        assert asked(api, newer) == 200


def test_other_sessions_go_on_where_one_is_ended(site: Site, reader: Reader) -> None:
    with httpx.Client(base_url=site.auth[1], headers={"origin": ORIGIN}) as other:
        body = {"email": reader.email, "password": PASSWORD}
        other.post("/api/auth/sign-in/email", json=body).raise_for_status()
        elsewhere = other.get("/api/auth/jwt").raise_for_status().json()["token"]
        sign_out(reader)

    for api in site.api:
        seconds_until(401, api, reader.token)
        assert asked(api, elsewhere) == 200


@pytest.mark.parametrize(
    "ending", ["DELETE FROM apikey", "UPDATE apikey SET enabled = false"], ids=["gone", "off"]
)
def test_tokens_drawn_with_an_api_key_end_with_it(site: Site, ending: str) -> None:
    key, now = uuid4().hex, datetime.now(UTC)
    run(
        site.database,
        'INSERT INTO apikey (id, key, "configId", "referenceId", "createdAt", "updatedAt")'  # noqa: S608 -- a name of ours
        f" VALUES ('{key}', 'hash', 'default', 'somebody', now(), now())",
    )
    token = mint(profile(), key, secret=TOKEN_SECRET, now=now)
    assert [asked(api, token) for api in site.api] == [200, 200]

    run(site.database, f"{ending} WHERE id = '{key}'")
    for api in site.api:
        seconds_until(401, api, token)


def test_a_replica_that_starts_later_knows_all_from_its_first_request_on(
    site: Site, reader: Reader, tmp_path: Path
) -> None:
    sign_out(reader)
    with api_service(tmp_path, site.auth[1]) as late:
        assert asked(late, reader.token) == 401


def test_without_auth_service_tokens_count_on_or_not_as_is_asked(
    database: str, tmp_path: Path
) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    short = {"REVOCATIONS_SILENCE_SECONDS": "2"}
    with (
        api_service(tmp_path, address, REVOCATIONS="best-effort", **short) as lenient,
        api_service(tmp_path, address, REVOCATIONS="required", **short) as strict,
    ):
        with (
            auth_service(tmp_path, database, port=port),
            signed_up(address, f"{uuid4().hex}@example.com") as reader,
        ):
            seconds_until(200, strict, reader.token, at_most=5)  # it started before auth-service
            assert asked(lenient, reader.token) == 200

        seconds_until(503, strict, reader.token, at_most=6)
        refused = httpx.get(f"{strict}/v1/me", headers={"authorization": f"Bearer {reader.token}"})
        assert refused.json()["type"] == "/problems/revocations-unknown"
        assert asked(lenient, reader.token) == 200
        assert httpx.get(f"{lenient}/ready").status_code == 200
        told = httpx.get(f"{strict}/ready")
        assert (told.status_code, told.json()["details"]["revocations"]["state"]) == (503, "silent")

        run(database, "DELETE FROM session")
        with auth_service(tmp_path, database, port=port):  # what happened meanwhile is heard
            seconds_until(401, strict, reader.token, at_most=5)
            seconds_until(401, lenient, reader.token, at_most=5)


def test_the_feed_is_heard_while_the_secret_is_being_changed(site: Site, tmp_path: Path) -> None:
    # As docs/settings.md says: api-service first, while auth-service knows the old secret alone.
    newer = {"JWT_SECRETS": f"2:{TOKEN_SECRET[::-1]},1:{TOKEN_SECRET}"}
    with api_service(tmp_path, site.auth[0], **newer) as api:
        told = httpx.get(f"{api}/ready").json()

    assert told["details"]["revocations"]["state"] == "following"


def test_a_database_brought_back_from_a_backup_is_learned_anew(site: Site, reader: Reader) -> None:
    run(site.database, "CREATE TABLE backup AS SELECT * FROM revocation")
    sign_out(reader)
    for api in site.api:
        seconds_until(401, api, reader.token)
    # The backup is from before the sign-out: there the session has not ended.
    run(
        site.database,
        "DELETE FROM revocation; INSERT INTO revocation SELECT * FROM backup; DROP TABLE backup;"
        " SELECT setval('revocation_number', greatest(1, (SELECT max(id) FROM revocation)))",
    )
    for api in site.api:
        seconds_until(200, api, reader.token)
