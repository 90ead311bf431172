"""Databases that versions of Better Auth have made and filled, brought to our schema and back."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import pytest
from alembic import command

from auth_service.database.takeover import UnfitTables
from auth_service.migrate import alembic_config, migrate
from tests.auth_service.jwks.key_sets import checked, key_set
from tests.auth_service.service import Service, cookie_of, make_settings, serving
from tests.auth_service.signed_in import told
from tests.auth_service.takeover.databases import (
    VERSIONS,
    contents,
    held,
    left_by,
    rows,
    run,
    structure,
    tables,
)

NEW_PASSWORD = "another horse battery"
INVALID = (400, {"message": "Invalid token", "code": "INVALID_TOKEN"})

# Where the key of 1.3 and 1.4 names its owner.
RENAMED = {"userId": "referenceId"}


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def left(postgres: str, version: str) -> Iterator[str]:
    """A database as a version has left it."""
    with left_by(postgres, version) as url:
        yield url


@pytest.fixture
def taken_over(left: str) -> str:
    migrate(left)
    return left


@pytest.fixture
def latest(postgres: str) -> Iterator[str]:
    """A database of 1.7.25, for tests that bend it."""
    with left_by(postgres, "1.7.25") as url:
        yield url


@pytest.fixture
def empty(postgres: str) -> Iterator[str]:
    with left_by(postgres, None) as url:
        yield url


@asynccontextmanager
async def opened(url: str, moment: datetime) -> AsyncIterator[Service]:
    async with serving(make_settings(url)) as service:
        service.clock.moment = moment
        yield service


def undo(url: str) -> None:
    command.downgrade(alembic_config(url), "base")


def test_every_row_is_kept_as_it_was(left: str) -> None:
    columns = tables(left)
    before = contents(left, columns)

    migrate(left)

    if "referenceId" not in columns["apikey"]:
        columns["apikey"] = [RENAMED.get(name, name) for name in columns["apikey"]]
    assert contents(left, columns) == before
    assert len(before["user"]) == 3
    assert before["apikey"]
    assert before["jwks"]


def test_the_tables_are_ours_then_and_nothing_else_is_to_be_dropped(taken_over: str) -> None:
    command.check(alembic_config(taken_over))
    migrate(taken_over)


def test_going_back_leaves_the_tables_as_they_were(left: str) -> None:
    columns = tables(left)
    before = structure(left), contents(left, columns)

    migrate(left)
    undo(left)

    assert (structure(left), contents(left, columns)) == before
    migrate(left)
    command.check(alembic_config(left))


async def test_readers_sign_in_with_their_passwords(taken_over: str, version: str) -> None:
    async with opened(taken_over, held(version).moment) as service:
        for email in ("reader1@example.com", "reader2@example.com"):
            assert (await service.sign_in(email)).status_code == 200
        refused = await service.sign_in("reader2@example.com", password="forgotten since")
        assert refused.status_code == 401
        assert (await service.sign_in("reader3@example.com")).status_code == 401


async def test_cookies_of_living_sessions_are_good(taken_over: str, version: str) -> None:
    readers = held(version)
    async with opened(taken_over, readers.moment) as service:
        for reader, cookies in readers.live.items():
            for cookie in cookies:
                found = (await service.get_session(cookie)).json()
                assert found["user"]["email"] == f"{reader}@example.com"
                assert found["session"]["ipAddress"] == "203.0.113.7"


async def test_cookies_of_ended_sessions_are_not(taken_over: str, version: str) -> None:
    readers = held(version)
    async with opened(taken_over, readers.moment) as service:
        for cookie in readers.ended.values():
            assert (await service.get_session(cookie)).text == "null"
        service.clock.advance(days=8)
        for cookie in (cookie for cookies in readers.live.values() for cookie in cookies):
            assert (await service.get_session(cookie)).text == "null"


def test_a_pending_reset_is_found_and_a_used_one_is_not(taken_over: str, version: str) -> None:
    readers = held(version)
    found = rows(
        taken_over,
        'SELECT identifier, "user".email, verification."expiresAt" FROM verification'
        ' JOIN "user" ON "user".id = value',
    )
    ends = {str(identifier).partition(":")[2]: (email, end) for identifier, email, end in found}

    email, end = ends[readers.resets["pending"]]
    assert email == "reader2@example.com"
    assert isinstance(end, datetime)
    assert timedelta(minutes=59) < end - readers.moment < timedelta(hours=1)
    assert readers.resets["used"] not in ends


async def reset(service: Service, token: str, password: str = NEW_PASSWORD) -> tuple[int, object]:
    body = {"token": token, "newPassword": password}
    return told(await service.client.post("/api/auth/reset-password", json=body))


async def test_a_pending_reset_sets_a_new_password_once(taken_over: str, version: str) -> None:
    readers = held(version)
    async with opened(taken_over, readers.moment) as service:
        assert await reset(service, readers.resets["pending"]) == (200, {"status": True})
        assert await reset(service, readers.resets["pending"], "yet another one") == INVALID
        signed_in = await service.sign_in("reader2@example.com", password=NEW_PASSWORD)
        assert signed_in.status_code == 200
        assert (await service.sign_in("reader2@example.com")).status_code == 401


async def test_a_pending_reset_ends_when_better_auth_said(taken_over: str, version: str) -> None:
    readers = held(version)
    async with opened(taken_over, readers.moment) as service:
        service.clock.advance(hours=1)
        assert await reset(service, readers.resets["pending"]) == INVALID
        assert (await service.sign_in("reader2@example.com")).status_code == 200


@pytest.mark.parametrize(("end", "email"), [("used", "reader2"), ("expired", "reader1")])
async def test_used_and_expired_resets_are_refused(
    taken_over: str, version: str, end: str, email: str
) -> None:
    readers = held(version)
    async with opened(taken_over, readers.moment) as service:
        assert await reset(service, readers.resets[end]) == INVALID
        assert (await service.sign_in(f"{email}@example.com")).status_code == 200


async def test_the_link_of_a_pending_reset_leads_on_and_those_of_others_do_not(
    taken_over: str, version: str
) -> None:
    readers = held(version)
    async with opened(taken_over, readers.moment) as service:
        for state, token in readers.resets.items():
            link = f"/api/auth/reset-password/{token}?callbackURL=/new-password"
            told_on = f"token={token}" if state == "pending" else "error=INVALID_TOKEN"
            reply = await service.client.get(link)
            assert reply.status_code == 302
            assert reply.headers["location"].endswith(f"/new-password?{told_on}")


async def test_a_pending_verification_verifies_the_address(taken_over: str, version: str) -> None:
    readers = held(version)
    link = f"/api/auth/verify-email?token={readers.verification}"
    async with opened(taken_over, readers.moment) as service:

        async def verified(reader: str) -> object:
            reply = await service.get_session(readers.live[reader][0])
            return reply.json()["user"]["emailVerified"]

        assert await verified("reader1") is False
        service.clock.advance(minutes=59)
        reply = await service.client.get(link)
        assert told(reply) == (200, {"status": True, "user": None})
        assert await verified("reader1") is True
        assert await verified("reader2") is False


async def test_an_expired_verification_verifies_nothing(taken_over: str, version: str) -> None:
    readers = held(version)
    async with opened(taken_over, readers.moment) as service:
        service.clock.advance(hours=1)
        reply = await service.client.get(f"/api/auth/verify-email?token={readers.verification}")
        assert (reply.status_code, reply.json()["code"]) == (401, "TOKEN_EXPIRED")
        found = (await service.get_session(readers.live["reader1"][0])).json()
        assert found["user"]["emailVerified"] is False


async def sign_up(url: str, moment: datetime) -> None:
    async with opened(url, moment) as service:
        reply = await service.sign_up("reader9@example.com", interestArea="walking robots")
        assert reply.status_code == 200, reply.text
        cookie = cookie_of(reply)
        assert (await service.get_session(cookie)).json()["user"]["interestArea"]


async def sign_in(url: str, moment: datetime, email: str) -> None:
    async with opened(url, moment) as service:
        assert (await service.sign_in(email)).status_code == 200


def test_new_readers_sign_up_and_stay_when_going_back(left: str, version: str) -> None:
    before = structure(left)
    migrate(left)
    asyncio.run(sign_up(left, held(version).moment))

    undo(left)

    assert structure(left) == before
    emails = rows(left, 'SELECT email FROM "user" JOIN account ON "userId" = "user".id')
    assert ("reader9@example.com",) in emails
    migrate(left)
    asyncio.run(sign_in(left, held(version).moment, "reader9@example.com"))


def test_going_back_names_the_issuers_that_1_7_1_asks_for(postgres: str) -> None:
    with left_by(postgres, "1.7.1") as url:
        migrate(url)
        asyncio.run(sign_up(url, held("1.7.1").moment))
        run(
            url,
            'INSERT INTO account (id, "accountId", "providerId", "userId", "updatedAt")'
            " SELECT provider, 'same', provider, id, now() FROM \"user\","
            " unnest(ARRAY['google', 'github', 'my own/sso']) provider"
            " WHERE email = 'reader9@example.com'",
        )

        undo(url)

        found = rows(url, 'SELECT "providerId", issuer FROM account')
    assert set(found) == {
        ("credential", "local:credential"),
        ("google", "https://accounts.google.com"),
        ("github", "local:oauth:github"),
        ("my own/sso", "local:oauth:my%20own%2Fsso"),
    }


def test_going_back_takes_the_keys_of_readers_deleted_since(postgres: str) -> None:
    with left_by(postgres, "1.3.34") as url:
        migrate(url)
        run(url, "DELETE FROM \"user\" WHERE email = 'reader1@example.com'")
        assert rows(url, "SELECT id FROM apikey")

        undo(url)

        assert not rows(url, "SELECT id FROM apikey")


def test_what_better_auths_own_migration_has_done_is_no_obstacle(postgres: str) -> None:
    # What that of 1.7.25 adds to a database of 1.3 without keys; the old owner stays required.
    with left_by(postgres, "1.3.34") as url:
        run(
            url,
            'DELETE FROM apikey; ALTER TABLE apikey ADD "referenceId" text NOT NULL,'
            " ADD \"configId\" text NOT NULL DEFAULT 'default'",
        )
        before = structure(url)
        migrate(url)
        insert_key = (
            'INSERT INTO apikey (id, key, "configId", "referenceId", "createdAt", "updatedAt")'
            " SELECT id, 'hash', 'default', id, now(), now() FROM \"user\""
        )
        run(url, insert_key)
        run(url, "DELETE FROM \"user\" WHERE email = 'reader1@example.com'")

        undo(url)

        assert structure(url) == before
        assert len(rows(url, 'SELECT id FROM apikey WHERE "userId" = "referenceId"')) == 2


def test_what_other_programs_keep_in_the_database_is_left_alone(postgres: str) -> None:
    with left_by(postgres, "1.7.5") as url:
        run(
            url,
            "CREATE TABLE bookmark (id int PRIMARY KEY, page text, reader text NOT NULL"
            ' REFERENCES "user" ON DELETE CASCADE);'
            'ALTER TABLE "user" ADD shoe_size int NOT NULL DEFAULT 42;'
            'ALTER TABLE "user" ADD UNIQUE (email, shoe_size);'
            'CREATE INDEX shoes ON "user" (shoe_size)',
        )
        before = set(structure(url))

        migrate(url)
        command.check(alembic_config(url))

        assert before <= set(structure(url))
        undo(url)
        assert set(structure(url)) == before


def test_tables_of_others_alone_do_not_make_a_takeover(empty: str) -> None:
    run(empty, "CREATE TABLE bookmark (id int PRIMARY KEY)")

    migrate(empty)
    command.check(alembic_config(empty))
    assert "auth_service_takeover" not in tables(empty)

    undo(empty)
    assert set(tables(empty)) == {"bookmark"}


def test_tables_of_plugins_that_were_not_in_use_are_made_and_go_again(latest: str) -> None:
    run(latest, "DROP TABLE apikey, jwks")
    before = structure(latest)

    migrate(latest)
    command.check(alembic_config(latest))

    undo(latest)
    assert structure(latest) == before


@pytest.mark.parametrize(
    ("bending", "complaint"),
    [
        (
            'ALTER TABLE session ALTER "expiresAt" TYPE timestamp',
            "session.expiresAt: type is timestamp without time zone, not timestamp with time zone",
        ),
        (
            'ALTER TABLE "user" RENAME "emailVerified" TO email_verified',
            "user.emailVerified is missing",
        ),
        (
            'ALTER TABLE "user" RENAME "emailVerified" TO email_verified',
            "user.email_verified is required by something else",
        ),
        (
            'DELETE FROM "user"; ALTER TABLE "user" ADD tenant text NOT NULL',
            "user.tenant is required by something else",
        ),
        (
            'ALTER TABLE "user" DROP CONSTRAINT user_email_key',
            "user lacks the constraint user_email_key",
        ),
        (
            'ALTER TABLE session DROP CONSTRAINT "session_userId_fkey"',
            "session lacks the constraint session_userId_fkey",
        ),
        (
            'ALTER TABLE verification ALTER "createdAt" DROP NOT NULL',
            "verification.createdAt: nullable is True, not False",
        ),
        (
            'ALTER TABLE "user" ALTER "updatedAt" DROP DEFAULT',
            "user.updatedAt: default is None, not CURRENT_TIMESTAMP",
        ),
        (
            'ALTER TABLE session ALTER "ipAddress" TYPE inet USING NULL',
            "session.ipAddress: type is INET, not TEXT",
        ),
    ],
)
def test_tables_that_differ_otherwise_are_refused_and_left_as_they_are(
    latest: str, bending: str, complaint: str
) -> None:
    run(latest, bending)
    before = structure(latest)

    with pytest.raises(UnfitTables) as refused:
        migrate(latest)

    assert f"  {complaint}\n" in str(refused.value)
    assert "nothing was changed" in str(refused.value)
    assert structure(latest) == before


def test_a_refusal_takes_back_what_was_done_before_it(postgres: str) -> None:
    with left_by(postgres, "1.3.34") as url:
        run(url, "ALTER TABLE session ALTER token TYPE varchar(255)")
        before = structure(url)

        with pytest.raises(UnfitTables, match=r"session\.token: type is VARCHAR\(255\), not TEXT"):
            migrate(url)

        assert structure(url) == before


async def test_a_key_that_signed_before_signs_on(taken_over: str, version: str) -> None:
    async with opened(taken_over, held(version).moment) as service:
        ((kid,),) = await service.rows("SELECT id FROM jwks")
        cookie = cookie_of(await service.sign_in("reader1@example.com"))
        reply = await service.client.get("/api/auth/token", headers={"cookie": cookie})
        keys = await key_set(service)

    assert [key["kid"] for key in keys] == [kid]
    assert checked(reply.json()["token"], keys)["email"] == "reader1@example.com"


# What the admin plugin of 1.7.25 adds, and what it has written.
WITH_ADMINS = (
    'ALTER TABLE "user" ADD role text, ADD banned boolean, ADD "banReason" text,'
    ' ADD "banExpires" timestamptz; ALTER TABLE session ADD "impersonatedBy" text;'
    " UPDATE \"user\" SET role = 'user', banned = false;"
    " UPDATE \"user\" SET role = 'admin' WHERE email = 'reader1@example.com';"
    ' UPDATE "user" SET banned = true, "banReason" = \'spam\''
    " WHERE email = 'reader2@example.com'"
)


def test_roles_and_bans_of_the_admin_plugin_count_and_stay_when_going_back(latest: str) -> None:
    run(latest, WITH_ADMINS)
    before = structure(latest)
    people = rows(latest, 'SELECT id, role, banned, "banReason" FROM "user" ORDER BY id')
    migrate(latest)
    command.check(alembic_config(latest))
    assert rows(latest, 'SELECT id, role, banned, "banReason" FROM "user" ORDER BY id') == people

    async def used() -> None:
        readers = held("1.7.25")
        async with opened(latest, readers.moment) as service:
            admin = {"cookie": readers.live["reader1"][0]}
            listed = await service.client.get(
                "/api/auth/admin/list-users?filterField=banned&filterValue=true", headers=admin
            )
            assert [user["banReason"] for user in listed.json()["users"]] == ["spam"]
            banned = await service.sign_in("reader2@example.com")
            assert banned.json()["code"] == "BANNED_USER"

    asyncio.run(used())
    undo(latest)
    assert structure(latest) == before
    assert rows(latest, 'SELECT id, role, banned, "banReason" FROM "user" ORDER BY id') == people


def test_a_part_of_the_plugins_columns_is_completed_and_that_alone_undone(latest: str) -> None:
    run(latest, 'ALTER TABLE "user" ADD role text')
    before = structure(latest)
    migrate(latest)
    command.check(alembic_config(latest))
    assert "banExpires" in tables(latest)["user"]
    command.downgrade(alembic_config(latest), "first_tables")
    assert "role" in tables(latest)["user"]
    assert "banExpires" not in tables(latest)["user"]
    undo(latest)
    assert structure(latest) == before


def test_a_column_of_that_name_but_another_kind_is_refused_in_words(latest: str) -> None:
    run(latest, 'ALTER TABLE "user" ADD role integer')
    before = structure(latest)

    with pytest.raises(UnfitTables, match=r"user\.role: type is INTEGER, not TEXT"):
        migrate(latest)

    assert structure(latest) == before
