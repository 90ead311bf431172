"""What is written down, and that it stays: every security event, with what it records."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError

from auth_service.audit.events import EventKind
from tests.auth_service.admins import Person, act, events, person
from tests.auth_service.mailed import mailing
from tests.auth_service.service import PASSWORD, Service, cookie_of, make_settings, serving
from tests.auth_service.signed_in import counted, post

NEW = "another horse battery"
WRONG = "wrong horse battery"


async def last_id(service: Service) -> object:
    return (await service.rows("SELECT coalesce(max(id), 0) FROM audit_event"))[0][0]


async def since(service: Service, last: object) -> list[tuple[object, ...]]:
    return await service.rows(
        "SELECT event, actor_id, user_id, ip_address FROM audit_event WHERE id > :last ORDER BY id",
        last=last,
    )


async def test_signing_up_in_and_out_is_written_down(service: Service) -> None:
    mina = await person(service, "mina")
    signed_in = cookie_of(await service.sign_in())
    await post(service, "sign-out", signed_in)
    await post(service, "sign-out", signed_in)  # nothing ends, so nothing is told
    rows = await service.rows(
        "SELECT event, actor_id, ip_address FROM audit_event WHERE user_id = :id ORDER BY id",
        id=mina.id,
    )
    assert rows == [
        (event, mina.id, "203.0.113.7") for event in ("signed_up", "signed_in", "signed_out")
    ]


async def test_the_one_call_ways_in_are_written_down_as_well(service: Service) -> None:
    body = {"name": "Mina", "email": "mina@example.com", "password": PASSWORD}
    user_id = (await post(service, "sign-up", None, body)).json()["user"]["id"]
    await post(service, "sign-in", None, body)
    assert await events(service, user_id) == ["signed_up", "signed_in"]


async def test_a_sign_up_that_failed_leaves_no_event(service: Service) -> None:
    await person(service, "mina")
    last = await last_id(service)
    assert (await service.sign_up()).status_code == 422
    assert await since(service, last) == []


async def test_a_wrong_password_is_written_down_with_the_user_where_there_is_one(
    service: Service,
) -> None:
    mina = await person(service, "mina")
    last = await last_id(service)
    await service.sign_in(password=WRONG)
    await service.sign_in("nobody@example.com")
    assert await since(service, last) == [
        ("sign_in_failed", None, mina.id, "203.0.113.7"),
        ("sign_in_failed", None, None, "203.0.113.7"),
    ]


async def test_no_event_holds_an_address_a_password_or_a_token(service: Service) -> None:
    mina = await person(service, "mina")
    root = await person(service, "root", "admin")
    await service.sign_in(password=WRONG)
    await service.sign_in("nobody@example.com")
    await act(
        service, root, "admin/ban-user", userId=mina.id, banReason="wrote to mina@example.com"
    )
    tokens = [str(token) for (token,) in await service.rows("SELECT token FROM session")]
    rows = await service.rows("SELECT CAST(audit_event AS text) FROM audit_event")
    text = "\n".join(str(row[0]) for row in rows)
    assert not [secret for secret in (*tokens, PASSWORD, WRONG, "@example.com") if secret in text]


async def test_what_signing_in_costs(service: Service) -> None:
    await person(service, "mina")
    with counted(service) as statements:
        assert (await service.sign_in()).status_code == 200
    assert len(statements) == 2
    with counted(service) as statements:
        assert (await service.sign_in(password=WRONG)).status_code == 401
    assert len(statements) == 2
    with counted(service) as unknown:
        assert (await service.sign_in("nobody@example.com")).status_code == 401
    assert unknown == statements


async def test_who_reads_costs_one_select_as_before(service: Service) -> None:
    mina = await person(service, "mina")
    for path in ("get-session", "jwt"):
        with counted(service) as statements:
            await service.client.get(f"/api/auth/{path}", headers={"cookie": mina.cookie})
        assert [statement.split()[0] for statement in statements] == ["SELECT"]


async def test_changes_of_a_signed_in_user_are_written_down(service: Service) -> None:
    mina = await person(service, "mina")
    cookie = mina.cookie
    await service.sign_in()
    await post(service, "revoke-session", cookie, {"token": "unknown"})
    await post(service, "revoke-other-sessions", cookie)
    await post(service, "verify-password", cookie, {"password": WRONG})
    change = {"currentPassword": WRONG, "newPassword": NEW}
    await post(service, "change-password", cookie, change)
    await post(service, "change-password", cookie, change | {"currentPassword": PASSWORD})
    again = {"currentPassword": NEW, "newPassword": PASSWORD, "revokeOtherSessions": True}
    cookie = cookie_of(await post(service, "change-password", cookie, again))
    await post(service, "delete-user", cookie, {"password": WRONG})
    await post(service, "delete-user", cookie, {"password": PASSWORD})
    assert await events(service, mina.id) == [
        *("signed_up", "signed_in", "sessions_revoked"),
        *("password_refused", "password_refused", "password_changed"),
        *("password_changed", "sessions_revoked", "signed_in"),
        *("password_refused", "user_deleted"),
    ]


async def test_what_is_done_by_mail_is_written_down(database_url: str, tmp_path: Path) -> None:
    async with mailing(database_url, tmp_path, DELETE_USER="mail") as site:
        cookie = await site.reader()
        user_id = str((await site.user("mina@example.com") or ())[0])
        await site.post("request-password-reset", {"email": "nobody@example.com"})
        await site.post("request-password-reset", {"email": "mina@example.com"})
        token = site.outbox.latest()["token"]
        await site.post("reset-password", {"token": token, "newPassword": NEW})
        await site.post("reset-password", {"token": token, "newPassword": NEW})
        await site.post("send-verification-email", {"email": "mina@example.com"}, cookie)
        for _ in range(2):  # verified once
            await site.follow(site.outbox.latest()["url"])
        await site.post("change-email", {"newEmail": "nina@example.com"}, cookie)
        await site.follow(site.outbox.latest()["url"], cookie)
        await site.post("delete-user", {}, cookie)
        await site.follow(site.outbox.latest()["url"], cookie)
        assert await events(site.service, user_id) == [
            *("signed_up", "password_reset_requested", "password_reset", "email_verified"),
            *("email_change_requested", "email_changed", "deletion_requested", "user_deleted"),
        ]


async def test_an_address_changed_at_once_is_written_down(
    database_url: str, tmp_path: Path
) -> None:
    async with mailing(database_url, tmp_path, CHANGE_EMAIL="at-once") as site:
        cookie = await site.reader()
        user_id = str((await site.user("mina@example.com") or ())[0])
        await site.service.sign_up("taken@example.com")
        await site.post("change-email", {"newEmail": "taken@example.com"}, cookie)
        await site.post("change-email", {"newEmail": "nina@example.com"}, cookie)
        assert await events(site.service, user_id) == [
            *("signed_up", "email_change_requested", "email_changed"),
        ]


async def test_an_account_that_backs_off_is_written_down_once_a_minute(database_url: str) -> None:
    settings = make_settings(
        database_url,
        RATE_LIMIT="on",
        CREDENTIAL_RATE_LIMIT="100/minute",
        PASSWORD_TRIES_LIMIT="2/hour",
    )
    async with serving(settings) as service:
        await service.write('DELETE FROM "user"')
        mina = await person(service, "mina")
        # Later than what other tests have left, which stays.
        ((latest,),) = await service.rows("SELECT max(created_at) FROM audit_event")
        assert isinstance(latest, datetime)
        service.clock.moment = latest.astimezone(UTC) + timedelta(minutes=5)
        last = await last_id(service)
        for email in ("mina@example.com", "nobody@example.com"):
            for _ in range(6):
                await service.sign_in(email, password=WRONG)
        told = await since(service, last)
        for user_id in (mina.id, None):
            kinds = [row[0] for row in told if row[2] == user_id]
            assert kinds == [*["sign_in_failed"] * 2, "account_backed_off"]
        service.clock.advance(minutes=2)
        await service.sign_in(password=WRONG)
        assert (await events(service, mina.id))[-2:] == ["account_backed_off"] * 2


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET actor_id = 'x'",
        "UPDATE audit_event SET actor_id = 'x' WHERE false",
        "DELETE FROM audit_event",
        "DELETE FROM audit_event WHERE id = 0",
        "TRUNCATE audit_event",
    ],
)
async def test_what_is_written_is_neither_changed_nor_deleted(
    service: Service, statement: str
) -> None:
    mina = await person(service, "mina")
    with pytest.raises(DBAPIError, match="append-only"):
        await service.write(statement)
    assert await events(service, mina.id) == ["signed_up"]


async def test_nobody_prunes_what_happened_today(service: Service, database_url: str) -> None:
    await person(service, "mina")
    await service.write(
        "INSERT INTO audit_event (event, created_at, user_id, ip_address, request_id) "
        "VALUES ('signed_in', now(), 'today', '', '')"
    )
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("SELECT prune_audit_events(now() + interval '1 year', 1000000)")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):  # the leave ends with the function
            await connection.execute("DELETE FROM audit_event")
    finally:
        await connection.close()
    assert await events(service, "today") == ["signed_in"]


async def test_an_event_that_cannot_be_written_undoes_what_it_tells_of(
    service: Service, database_url: str
) -> None:
    root = await person(service, "root", "admin")
    mina = await person(service, "mina")
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("ALTER TABLE audit_event RENAME TO audit_event_away")
        refused = [
            await service.sign_in(),
            await act(service, root, "admin/ban-user", userId=mina.id),
            await act(service, root, "admin/remove-user", userId=mina.id),
        ]
    finally:
        await connection.execute("ALTER TABLE audit_event_away RENAME TO audit_event")
        await connection.close()
    assert {reply.status_code for reply in refused} == {500}
    assert await service.rows('SELECT banned FROM "user" WHERE id = :id', id=mina.id) == [(None,)]
    assert await service.rows("SELECT count(*) FROM session") == [(2,)]


async def test_fifty_sign_ins_at_once_are_fifty_events(service: Service) -> None:
    mina = await person(service, "mina")
    replies = await asyncio.gather(*(service.sign_in() for _ in range(50)))
    started = sum(reply.status_code == 200 for reply in replies)
    assert (await events(service, mina.id)).count("signed_in") == started > 0


def test_every_kind_of_event_is_documented() -> None:
    page = Path(__file__).parents[3] / "docs" / "decisions" / "0013-what-happens-is-written-down.md"
    text = page.read_text(encoding="utf-8")
    assert [kind for kind in EventKind if f"`{kind}`" not in text] == []


async def test_a_person_is_told_of_by_id_alone(service: Service) -> None:
    mina: Person = await person(service, "mina")
    columns = await service.rows(
        "SELECT event, detail FROM audit_event WHERE user_id = :id", id=mina.id
    )
    assert columns == [("signed_up", None)]
