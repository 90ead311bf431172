"""The admins' doors; the expected answers are those of Better Auth 1.7.25 with `admin()`."""

import asyncio
from datetime import datetime, timedelta

import jwt
import pytest

from tests.auth_service.admins import Person, act, events, person
from tests.auth_service.service import PASSWORD, Service, cookie_of, set_cookies
from tests.auth_service.signed_in import get, post, told, waiting

BANNED = (
    403,
    {
        "message": "You have been banned from this application. "
        "Please contact support if you believe this is an error.",
        "code": "BANNED_USER",
    },
)
NO_USER = (404, {"message": "User not found", "code": "USER_NOT_FOUND"})
DOORS = {
    "admin/set-role": "YOU_ARE_NOT_ALLOWED_TO_CHANGE_USERS_ROLE",
    "admin/ban-user": "YOU_ARE_NOT_ALLOWED_TO_BAN_USERS",
    "admin/unban-user": "YOU_ARE_NOT_ALLOWED_TO_BAN_USERS",
    "admin/list-user-sessions": "YOU_ARE_NOT_ALLOWED_TO_LIST_USERS_SESSIONS",
    "admin/revoke-user-sessions": "YOU_ARE_NOT_ALLOWED_TO_REVOKE_USERS_SESSIONS",
    "admin/remove-user": "YOU_ARE_NOT_ALLOWED_TO_DELETE_USERS",
}
ASKED = {
    "admin/list-users": "YOU_ARE_NOT_ALLOWED_TO_LIST_USERS",
    "admin/audit-events": "YOU_ARE_NOT_ALLOWED_TO_READ_AUDIT_EVENTS",
}
CLEARED = {"better-auth.session_token", "better-auth.session_data", "better-auth.dont_remember"}


async def row(service: Service, who: Person) -> list[tuple[object, ...]]:
    statement = 'SELECT role, banned, "banReason", "banExpires" FROM "user" WHERE id = :id'
    return await service.rows(statement, id=who.id)


def claims(token: str) -> dict[str, object]:
    read: dict[str, object] = jwt.decode(token, options={"verify_signature": False})
    return read


@pytest.mark.parametrize("role", [None, "user", "instructor", "", "user, admin", "administrator"])
async def test_whoever_is_no_admin_is_refused_at_every_door(
    service: Service, role: str | None
) -> None:
    omar = await person(service, "omar", role)
    mina = await person(service, "mina")
    before = (await row(service, mina), await events(service, mina.id))
    for path, code in DOORS.items():
        reply = await act(service, omar, path, userId=mina.id, role="admin")
        assert (reply.status_code, reply.json()["code"]) == (403, code)
    for path, code in ASKED.items():
        reply = await get(service, path, omar.cookie)
        assert (reply.status_code, reply.json()["code"]) == (403, code)
    assert (await row(service, mina), await events(service, mina.id)) == before
    assert (await service.get_session(mina.cookie)).json() is not None


async def test_whoever_has_no_session_is_refused_without_a_word(service: Service) -> None:
    mina = await person(service, "mina")
    for path in DOORS:
        reply = await post(service, path, None, {"userId": mina.id, "role": "admin"})
        assert (reply.status_code, reply.content) == (401, b"")
    for path in ASKED:
        assert (await get(service, path)).status_code == 401
    await service.write("DELETE FROM session")
    reply = await act(service, mina, "admin/remove-user", userId=mina.id)
    assert (reply.status_code, reply.content) == (401, b"")
    assert set(set_cookies(reply)) == CLEARED


@pytest.mark.parametrize("path", DOORS)
async def test_a_body_is_looked_at_before_who_sends_it(service: Service, path: str) -> None:
    reply = await post(service, path, None, {})
    expected = "[body.userId] Invalid input: expected nonoptional, received undefined"
    rest = "; [body.role] Invalid input" if path == "admin/set-role" else ""
    assert told(reply) == (400, {"message": expected + rest, "code": "VALIDATION_ERROR"})


@pytest.mark.parametrize("user_id", [None, 5, True, 1.5, "", "unknown", {"a": 1}, ["a"]])
@pytest.mark.parametrize(
    "path", ["admin/set-role", "admin/ban-user", "admin/unban-user", "admin/remove-user"]
)
async def test_an_id_of_nobody_is_told_as_such(
    service: Service, path: str, user_id: object
) -> None:
    root = await person(service, "root", "admin")
    reply = await act(service, root, path, userId=user_id, role="user")
    assert told(reply) == NO_USER


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"banReason": None}, "banReason] Invalid input: expected string, received null"),
        ({"banExpiresIn": "60"}, "banExpiresIn] Invalid input: expected number, received string"),
        ({"banExpiresIn": None}, "banExpiresIn] Invalid input: expected number, received null"),
        ({"banExpiresIn": True}, "banExpiresIn] Invalid input: expected number, received boolean"),
        ({"banExpiresIn": 1e300}, "banExpiresIn] Too big: expected number to be <=10000000000"),
        ({"banExpiresIn": -1e300}, "banExpiresIn] Too small: expected number to be >=-10000000000"),
    ],
)
async def test_a_ban_that_is_none_is_refused(
    service: Service, body: dict[str, object], message: str
) -> None:
    root, mina = await person(service, "root", "admin"), await person(service, "mina")
    reply = await act(service, root, "admin/ban-user", userId=mina.id, **body)
    assert told(reply) == (400, {"message": f"[body.{message}", "code": "VALIDATION_ERROR"})
    assert await row(service, mina) == [(None, None, None, None)]


@pytest.mark.parametrize("role", [None, 5, True, {"a": 1}, ["admin", 5], [[]]])
async def test_a_role_of_the_wrong_kind_is_refused(service: Service, role: object) -> None:
    root, mina = await person(service, "root", "admin"), await person(service, "mina")
    reply = await act(service, root, "admin/set-role", userId=mina.id, role=role)
    assert told(reply) == (
        400,
        {"message": "[body.role] Invalid input", "code": "VALIDATION_ERROR"},
    )


@pytest.mark.parametrize("role", ["owner", "", "admin,user", " admin", "ADMIN", ["admin", "owner"]])
async def test_a_role_that_there_is_not_is_refused(service: Service, role: object) -> None:
    root, mina = await person(service, "root", "admin"), await person(service, "mina")
    reply = await act(service, root, "admin/set-role", userId=mina.id, role=role)
    assert reply.json()["code"] == "YOU_ARE_NOT_ALLOWED_TO_SET_NON_EXISTENT_VALUE"
    assert await row(service, mina) == [(None, None, None, None)]


@pytest.mark.parametrize(
    ("role", "stored"),
    [
        ("instructor", "instructor"),
        ("admin", "admin"),
        ("user", "user"),
        (["instructor", "admin"], "instructor,admin"),
        ([], ""),
    ],
)
async def test_a_role_is_set_and_the_next_token_says_so(
    service: Service, role: object, stored: str
) -> None:
    root, mina = await person(service, "root", "admin"), await person(service, "mina")
    first = (await get(service, "jwt", mina.cookie)).json()
    assert claims(first["token"])["role"] == "user"
    reply = await act(service, root, "admin/set-role", userId=mina.id, role=role)
    assert reply.json()["user"] == {
        **{name: reply.json()["user"][name] for name in ("createdAt", "updatedAt")},
        "id": mina.id,
        "name": "Mina",
        "email": "mina@example.com",
        "emailVerified": False,
        "image": None,
        "softwareBackground": None,
        "hardwareBackground": None,
        "interestArea": None,
        "role": stored,
        "banned": False,
        "banReason": None,
        "banExpires": None,
    }
    assert claims((await get(service, "jwt", mina.cookie)).json()["token"])["role"] == (
        stored or "user"
    )
    rows = await service.rows(
        "SELECT actor_id, user_id, ip_address, detail, created_at, request_id FROM audit_event "
        "WHERE event = 'role_set' ORDER BY id DESC LIMIT 1"
    )
    now = service.clock.moment.replace(microsecond=123000)
    assert rows == [
        (root.id, mina.id, "203.0.113.7", {"role": stored}, now, reply.headers["x-request-id"])
    ]


async def test_who_was_made_an_admin_is_one_at_once_and_no_more_when_unmade(
    service: Service,
) -> None:
    root, mina = await person(service, "root", "admin"), await person(service, "mina")
    await act(service, root, "admin/set-role", userId=mina.id, role="admin")
    assert (
        await act(service, mina, "admin/set-role", userId=root.id, role="user")
    ).status_code == 200
    reply = await act(service, root, "admin/set-role", userId=root.id, role="admin")
    assert reply.status_code == 403


@pytest.mark.parametrize(
    "members",
    [{"role": "admin"}, {"banned": False}, {"banReason": "x"}, {"banExpires": "x"}],
)
async def test_nobody_gives_themselves_a_role_or_takes_a_ban_off(
    service: Service, members: dict[str, object]
) -> None:
    reply = await service.sign_up("mina@example.com", **members)
    mina = Person(reply.json()["user"]["id"], cookie_of(reply))
    assert await row(service, mina) == [(None, None, None, None)]
    await post(service, "update-user", mina.cookie, {"name": "Mina", **members})
    await post(service, "update-user", mina.cookie, {"user": members, **members})
    await post(service, "update-session", mina.cookie, {"impersonatedBy": mina.id})
    assert await row(service, mina) == [(None, None, None, None)]
    assert await service.rows('SELECT "impersonatedBy" FROM session') == [(None,)]


async def test_readers_are_told_what_they_were_told_before_there_were_roles(
    service: Service,
) -> None:
    root = await person(service, "root", "admin")
    session = (await service.get_session(root.cookie)).json()
    for members in (session["user"], (await service.sign_in("root@example.com")).json()["user"]):
        assert not {"role", "banned", "banReason", "banExpires"} & set(members)
    assert "impersonatedBy" not in session["session"]


async def test_a_ban_ends_the_sessions_and_the_next_sign_in(service: Service) -> None:
    root, mina = await person(service, "root", "admin"), await person(service, "mina")
    await service.sign_in()
    reply = await act(service, root, "admin/ban-user", userId=mina.id, banReason="spam")
    banned = reply.json()["user"]
    assert (banned["banned"], banned["banReason"], banned["banExpires"]) == (True, "spam", None)
    assert (await service.get_session(mina.cookie)).json() is None
    assert await service.rows('SELECT 1 FROM session WHERE "userId" = :id', id=mina.id) == []
    for path in ("sign-in/email", "sign-in"):
        body = {"email": "mina@example.com", "password": PASSWORD}
        assert told(await service.client.post(f"/api/auth/{path}", json=body)) == BANNED
    wrong = await service.sign_in(password="wrong horse battery")
    assert wrong.json()["code"] == "INVALID_EMAIL_OR_PASSWORD"
    assert await events(service, mina.id) == [
        *("signed_up", "signed_in", "user_banned"),
        *("sign_in_failed", "sign_in_failed", "sign_in_failed"),
    ]


async def test_a_ban_without_a_reason_has_none_that_counts(service: Service) -> None:
    root, mina = await person(service, "root", "admin"), await person(service, "mina")
    reply = await act(service, root, "admin/ban-user", userId=mina.id, banReason="", banExpiresIn=0)
    assert reply.json()["user"]["banReason"] == "No reason"
    assert reply.json()["user"]["banExpires"] is None


async def test_a_ban_ends_when_it_was_said_to(service: Service) -> None:
    root, mina = await person(service, "root", "admin"), await person(service, "mina")
    reply = await act(service, root, "admin/ban-user", userId=mina.id, banExpiresIn=3600)
    assert reply.json()["user"]["banExpires"] == "2026-03-01T13:30:15.123Z"
    service.clock.advance(hours=1)
    assert told(await service.sign_in()) == BANNED
    service.clock.advance(seconds=1)
    assert (await service.sign_in()).status_code == 200
    assert await row(service, mina) == [(None, False, None, None)]


async def test_who_is_unbanned_signs_in(service: Service) -> None:
    root, mina = await person(service, "root", "admin"), await person(service, "mina")
    await act(service, root, "admin/ban-user", userId=mina.id, banReason="spam", banExpiresIn=60)
    reply = await act(service, root, "admin/unban-user", userId=mina.id)
    user = reply.json()["user"]
    assert (user["banned"], user["banReason"], user["banExpires"]) == (False, None, None)
    assert (await service.sign_in()).status_code == 200


async def test_nobody_bans_or_removes_themselves(service: Service) -> None:
    root = await person(service, "root", "admin")
    for path, code, message in (
        ("admin/ban-user", "YOU_CANNOT_BAN_YOURSELF", "You cannot ban yourself"),
        ("admin/remove-user", "YOU_CANNOT_REMOVE_YOURSELF", "You cannot remove yourself"),
    ):
        reply = await act(service, root, path, userId=root.id)
        assert told(reply) == (400, {"message": message, "code": code})
    assert (await act(service, root, "admin/unban-user", userId=root.id)).status_code == 200
    assert (await service.get_session(root.cookie)).json() is not None


async def test_a_sign_in_that_meets_a_ban_leaves_no_session(service: Service) -> None:
    """Whichever comes first: the sign-in waits for the ban, or the ban ends its session."""
    root, mina = await person(service, "root", "admin"), await person(service, "mina")
    for _ in range(5):
        ban = act(service, root, "admin/ban-user", userId=mina.id)
        replies = await asyncio.gather(*(service.sign_in() for _ in range(4)), ban)
        assert {reply.status_code for reply in replies} <= {200, 403}
        assert await service.rows('SELECT 1 FROM session WHERE "userId" = :id', id=mina.id) == []
        await act(service, root, "admin/unban-user", userId=mina.id)


async def test_a_sign_in_waits_for_a_ban_under_way(service: Service) -> None:
    mina = await person(service, "mina")
    async with service.resources.sessionmaker.begin() as db:
        connection = await db.connection()
        await connection.exec_driver_sql('UPDATE "user" SET banned = true')
        signing_in = asyncio.create_task(service.sign_in())
        await waiting(service, 1)
    assert told(await signing_in) == BANNED
    assert (await service.get_session(mina.cookie)).json() is not None  # banned past the service


async def test_an_admin_sees_where_a_user_is_signed_in_but_no_token(service: Service) -> None:
    root, mina = await person(service, "root", "admin"), await person(service, "mina")
    reply = await act(service, root, "admin/list-user-sessions", userId=mina.id)
    (session,) = reply.json()["sessions"]
    assert session["userId"] == mina.id
    assert session["impersonatedBy"] is None
    tokens = await service.rows("SELECT token FROM session")
    assert not [token for (token,) in tokens if str(token) in reply.text]
    unknown = await act(service, root, "admin/list-user-sessions", userId="unknown")
    assert told(unknown) == (200, {"sessions": []})


async def test_an_admin_ends_all_sessions_of_a_user_and_no_others(service: Service) -> None:
    root, mina = await person(service, "root", "admin"), await person(service, "mina")
    again = cookie_of(await service.sign_in())
    reply = await act(service, root, "admin/revoke-user-sessions", userId=mina.id)
    assert told(reply) == (200, {"success": True})
    for cookie in (mina.cookie, again):
        assert (await service.get_session(cookie)).json() is None
    assert (await service.get_session(root.cookie)).json() is not None
    assert (await events(service, mina.id))[-1] == "sessions_revoked"
    unknown = await act(service, root, "admin/revoke-user-sessions", userId="unknown")
    assert told(unknown) == (200, {"success": True})
    assert await events(service, "unknown") == []


async def test_a_removed_user_is_gone_with_all_that_is_theirs(service: Service) -> None:
    root, mina = await person(service, "root", "admin"), await person(service, "mina")
    assert told(await act(service, root, "admin/remove-user", userId=mina.id)) == (
        200,
        {"success": True},
    )
    assert (await service.get_session(mina.cookie)).json() is None
    assert await row(service, mina) == []
    assert await service.rows('SELECT 1 FROM account WHERE "userId" = :id', id=mina.id) == []
    assert told(await act(service, root, "admin/remove-user", userId=mina.id)) == NO_USER
    assert await events(service, mina.id) == ["signed_up", "user_removed"]


async def test_fifty_roles_set_at_once_end_in_one_and_are_all_written_down(
    service: Service,
) -> None:
    root, mina = await person(service, "root", "admin"), await person(service, "mina")
    roles = ["user", "instructor"] * 25
    replies = await asyncio.gather(
        *(act(service, root, "admin/set-role", userId=mina.id, role=role) for role in roles)
    )
    assert {reply.status_code for reply in replies} == {200}
    ((role, *_),) = await row(service, mina)
    said = await service.rows(
        "SELECT detail ->> 'role' FROM audit_event WHERE user_id = :id AND event = 'role_set' "
        "ORDER BY id",
        id=mina.id,
    )
    assert len(said) == 50
    assert said[-1] == (role,)


async def test_an_admins_request_with_a_cookie_needs_a_trusted_origin(service: Service) -> None:
    root, mina = await person(service, "root", "admin"), await person(service, "mina")
    reply = await service.client.post(
        "/api/auth/admin/remove-user",
        json={"userId": mina.id},
        headers={"cookie": root.cookie, "origin": "https://evil.example"},
    )
    assert reply.json()["code"] == "INVALID_ORIGIN"
    assert await row(service, mina) != []


async def test_sessions_in_which_an_admin_of_a_node_server_is_somebody_are_not_listed(
    service: Service,
) -> None:
    mina = await person(service, "mina")
    await service.sign_in()
    await service.write(
        "UPDATE session SET \"impersonatedBy\" = 'root' WHERE id = (SELECT max(id) FROM session "
        "WHERE token <> :token)",
        token=mina.cookie.split("=")[1].split(".")[0],
    )
    assert len((await get(service, "list-sessions", mina.cookie)).json()) == 1


async def test_the_token_that_anybody_can_check_says_a_role_where_there_is_one(
    service: Service,
) -> None:
    root, mina = await person(service, "root", "admin"), await person(service, "mina")
    drawn = [(await get(service, "token", who.cookie)).json()["token"] for who in (root, mina)]
    assert claims(drawn[0])["role"] == "admin"
    assert "role" not in claims(drawn[1])


@pytest.mark.parametrize("path", [*DOORS, *ASKED])
async def test_an_admins_api_key_opens_no_door_of_theirs(service: Service, path: str) -> None:
    root, mina = await person(service, "root", "admin"), await person(service, "mina")
    made = await post(service, "api-key/create", root.cookie, {})
    headers = {"x-api-key": made.json()["key"]}
    body = {"userId": mina.id, "role": "admin"}
    reply = await service.client.request(
        "POST" if path in DOORS else "GET",
        f"/api/auth/{path}",
        json=body if path in DOORS else None,
        headers=headers,
    )
    assert (reply.status_code, reply.content) == (401, b"")
    assert await row(service, mina) == [(None, None, None, None)]


@pytest.mark.parametrize("path", ["admin/set-role", "admin/ban-user"])
async def test_what_was_read_before_the_change_mints_no_token_after_it(
    service: Service, path: str
) -> None:
    root, mina = await person(service, "root", "admin"), await person(service, "mina", "admin")
    await act(service, root, path, userId=mina.id, role="user")
    ((not_before,),) = await service.rows(
        "SELECT not_before FROM revocation WHERE kind = 'user' AND value = :id", id=mina.id
    )
    # A request of that moment may have read the old row, and tokens say whole seconds.
    assert isinstance(not_before, datetime)
    assert not_before + timedelta(milliseconds=1) >= service.clock() + timedelta(seconds=2)
