"""Refresh tokens in use: RFC 9700, section 4.14.2."""

import asyncio

import jwt
import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from tests.auth_service.refresh import (
    EXPIRED,
    INVALID,
    REFRESH_PATH,
    WEEK,
    granted,
    use,
    used,
)
from tests.auth_service.service import (
    ORIGIN,
    PASSWORD,
    Service,
    cookie_of,
    make_settings,
    serving,
)
from tests.auth_service.signed_in import counted, get, post, told, waiting
from tests.auth_service.tokens.test_routes import claims_of


async def sessions(service: Service) -> int:
    ((number,),) = await service.rows("SELECT count(*) FROM session")
    return int(str(number))


async def test_a_token_is_exchanged_for_an_access_token_and_the_next(service: Service) -> None:
    token = await granted(service)
    service.clock.advance(minutes=15)
    reply = await use(service, token)
    assert reply.status_code == 200
    assert reply.headers["cache-control"] == "no-store"
    assert "set-cookie" not in reply.headers
    assert set(reply.json()) == {"token", "refreshToken", "expiresIn"}
    assert reply.json()["expiresIn"] == WEEK
    assert reply.json()["refreshToken"] != token
    claims = claims_of(reply.json()["token"])
    ((session_id, user_id),) = await service.rows('SELECT id, "userId" FROM session')
    assert (claims["sid"], claims["sub"]) == (session_id, user_id)
    assert claims["iat"] == int(service.clock.moment.timestamp())


async def test_each_use_takes_the_newest_and_gives_another(service: Service) -> None:
    tokens = [await granted(service)]
    for _ in range(5):
        service.clock.advance(minutes=15)
        tokens.append(await used(service, tokens[-1]))
    assert len(set(tokens)) == 6


async def test_claims_are_read_anew_at_each_use(service: Service) -> None:
    token = await granted(service)
    await service.write('UPDATE "user" SET name = \'Mina II\', "emailVerified" = true')
    claims = claims_of((await use(service, token)).json()["token"])
    assert (claims["name"], claims["emailVerified"]) == ("Mina II", True)


async def test_no_part_of_a_token_is_stored(service: Service) -> None:
    first = await granted(service)
    second = await used(service, first)
    stored = str(await service.rows("SELECT * FROM refresh_token"))
    for token in (first, second):
        assert all(part not in stored for part in (token[:40], token[-40:]))


async def test_a_use_takes_two_statements_and_one_where_the_session_lives_longer(
    service: Service,
) -> None:
    token = await granted(service)
    with counted(service) as statements:
        token = await used(service, token)
    assert len(statements) == 1
    service.clock.advance(minutes=15)
    with counted(service) as statements:
        await used(service, token)
    assert len(statements) == 2


@pytest.mark.parametrize("after", [0, 11])
async def test_a_repeated_use_takes_three_statements_at_most(service: Service, after: int) -> None:
    token = await granted(service)
    await used(service, token)
    service.clock.advance(seconds=after)
    with counted(service) as statements:
        await use(service, token)
    assert len(statements) == (3 if after else 2)


# Used again


async def test_a_retried_request_is_answered_by_the_same_successor(service: Service) -> None:
    token = await granted(service)
    successor = await used(service, token)
    service.clock.advance(seconds=9.9)
    again = await use(service, token)
    assert again.json()["refreshToken"] == successor
    assert claims_of(again.json()["token"])["email"] == "mina@example.com"
    assert await used(service, successor) != successor


async def test_within_the_grace_a_token_leads_to_the_newest_of_its_family(
    service: Service,
) -> None:
    first = await granted(service)
    second = await used(service, first)
    service.clock.advance(seconds=3)
    third = await used(service, second)
    service.clock.advance(seconds=3)
    assert [await used(service, token) for token in (first, second)] == [third, third]
    service.clock.advance(seconds=5)  # 11 s after the first was used, 8 s after the second
    assert await used(service, second) == third
    assert told(await use(service, first)) == INVALID


async def test_reuse_ends_the_session_and_is_logged_without_the_token(service: Service) -> None:
    first = await granted(service)
    cookie = cookie_of(await service.sign_in())
    second = await used(service, first)
    service.clock.advance(seconds=10)
    with capture_logs() as logs:
        assert told(await use(service, first)) == INVALID
    events = [line for line in logs if line["event"] == "refresh_token_reused"]
    assert len(events) == 1
    assert events[0]["log_level"] == "warning"
    assert first not in str(logs)
    assert told(await use(service, second)) == INVALID
    # The reader's other session goes on.
    assert (await service.get_session(cookie)).json()["user"]["id"] == events[0]["user_id"]
    assert await sessions(service) == 1


async def test_a_token_used_long_ago_ends_the_session_too(service: Service) -> None:
    tokens = [await granted(service)]
    for _ in range(4):
        service.clock.advance(days=6)
        tokens.append(await used(service, tokens[-1]))
    assert told(await use(service, tokens[0])) == INVALID
    assert told(await use(service, tokens[-1])) == INVALID
    assert await sessions(service) == 0


async def test_of_fifty_uses_at_once_all_get_the_one_successor(service: Service) -> None:
    token = await granted(service)
    replies = await asyncio.gather(*(use(service, token) for _ in range(50)))
    assert {reply.status_code for reply in replies} == {200}
    (successor,) = {reply.json()["refreshToken"] for reply in replies}
    assert len({reply.json()["token"] for reply in replies}) == 50
    assert await service.rows("SELECT jsonb_array_length(used_lately) FROM refresh_token") == [(1,)]
    service.clock.advance(seconds=11)
    assert await used(service, successor) != successor


async def test_fifty_reuses_at_once_end_one_session_and_get_nothing(service: Service) -> None:
    token = await granted(service)
    await used(service, token)
    service.clock.advance(seconds=11)
    replies = await asyncio.gather(*(use(service, token) for _ in range(50)))
    assert {told(reply)[0] for reply in replies} == {401}
    assert await sessions(service) == 0


async def test_what_is_remembered_of_uses_is_of_the_last_ten_seconds(service: Service) -> None:
    token = await granted(service)
    for _ in range(8):
        service.clock.advance(seconds=4)
        token = await used(service, token)
    assert await service.rows("SELECT jsonb_array_length(used_lately) FROM refresh_token") == [(3,)]


# Expired


async def test_an_unused_token_expires_after_seven_days(service: Service) -> None:
    token = await granted(service)
    service.clock.advance(days=7, milliseconds=-1)
    token = await used(service, token)
    service.clock.advance(days=7)
    assert told(await use(service, token)) == EXPIRED


async def test_after_thirty_days_a_family_ends_however_often_it_is_used(service: Service) -> None:
    token = await granted(service)
    for _ in range(5):
        service.clock.advance(days=6, minutes=-1)
        token = await used(service, token)
    service.clock.advance(minutes=4)
    token = await used(service, token)
    service.clock.advance(minutes=1)
    assert told(await use(service, token)) == EXPIRED
    assert await sessions(service) == 1


async def test_the_settings_say_how_long_tokens_live(service: Service, database_url: str) -> None:
    settings = make_settings(
        database_url,
        JWT_EXPIRES_IN="15m",
        REFRESH_TOKEN_IDLE="1h",
        REFRESH_TOKEN_EXPIRES_IN="2h",
    )
    async with serving(settings) as brief:
        token = await granted(brief)
        refreshed = (await use(brief, token)).json()
        claims = claims_of(refreshed["token"])
        assert refreshed["expiresIn"] == 900
        assert claims["exp"] == int(brief.clock.moment.timestamp()) + 900
        token = refreshed["refreshToken"]
        brief.clock.advance(minutes=59)
        token = await used(brief, token)
        brief.clock.advance(minutes=60)
        assert told(await use(brief, token)) == EXPIRED


async def test_using_it_is_using_the_session(service: Service) -> None:
    token = await granted(service)
    for _ in range(4):
        service.clock.advance(days=6)
        token = await used(service, token)
    ((expires_at,),) = await service.rows('SELECT "expiresAt" FROM session')
    moment = service.clock.moment
    assert (expires_at - moment).total_seconds() == pytest.approx(WEEK, abs=1)  # type: ignore[operator] # a row of columns


async def test_a_session_that_is_not_remembered_ends_with_its_tokens_after_a_day(
    service: Service,
) -> None:
    token = await granted(service, remember=False)
    service.clock.advance(hours=23)
    token = await used(service, token)
    service.clock.advance(hours=1)
    assert told(await use(service, token)) == EXPIRED


async def test_a_session_ended_by_another_server_ends_its_tokens(service: Service) -> None:
    token = await granted(service)
    await service.write('UPDATE session SET "expiresAt" = :now', now=service.clock.moment)
    service.clock.advance(seconds=1)
    assert told(await use(service, token)) == EXPIRED


async def test_who_asks_for_one_has_expired_families_swept(
    service: Service, database_url: str
) -> None:
    async with serving(make_settings(database_url)) as fresh:  # what was swept when is its own
        await granted(fresh)
        fresh.clock.advance(days=8)
        omar = (await fresh.sign_up("omar@example.com", grant="refresh")).json()["user"]["id"]
    owners = 'SELECT "userId" FROM refresh_token JOIN session ON session.id = session_id'
    assert await service.rows(owners) == [(omar,)]


# Ended with the session


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("sign-out", {}),
        ("revoke-sessions", None),
        ("delete-user", {"password": PASSWORD}),
        (
            "change-password",
            {
                "currentPassword": PASSWORD,
                "newPassword": "another horse battery",
                "revokeOtherSessions": True,
            },
        ),
    ],
)
async def test_what_ends_the_session_ends_its_tokens(
    service: Service, path: str, body: object
) -> None:
    signed_up = await service.sign_up(grant="refresh")
    reply = await post(service, path, cookie_of(signed_up), body)
    assert reply.status_code == 200
    assert told(await use(service, signed_up.json()["refreshToken"])) == INVALID
    assert await service.rows("SELECT * FROM refresh_token") == []


async def test_revoking_one_session_from_another_ends_its_tokens_alone(service: Service) -> None:
    revoked = (await service.sign_up(grant="refresh")).json()
    kept = await service.sign_in(grant="refresh")
    await post(service, "revoke-session", cookie_of(kept), {"token": revoked["token"]})
    assert told(await use(service, revoked["refreshToken"])) == INVALID
    assert (await use(service, kept.json()["refreshToken"])).status_code == 200


async def test_a_session_that_ends_while_a_token_is_granted_leaves_none(service: Service) -> None:
    cookie = cookie_of(await service.sign_up())
    async with service.resources.sessionmaker.begin() as db:
        await db.execute(text("DELETE FROM session"))
        asking = asyncio.create_task(get(service, "jwt?grant=refresh", cookie))
        await waiting(service, 1)
    reply = await asking
    assert told(reply) == (401, {"message": "Unauthorized", "code": "UNAUTHORIZED"})


async def test_signing_out_and_refreshing_at_once_never_lock_each_other(service: Service) -> None:
    await service.sign_up()
    for _ in range(10):
        signed_in = await service.sign_in(grant="refresh")
        service.clock.advance(minutes=1)
        token, cookie = signed_in.json()["refreshToken"], cookie_of(signed_in)
        replies = await asyncio.gather(
            *(use(service, token) for _ in range(4)), post(service, "sign-out", cookie, {})
        )
        assert {reply.status_code for reply in replies} <= {200, 401}
        assert told(await use(service, token)) == INVALID


# Refused


@pytest.mark.parametrize(
    "token", ["", "x", "x" * 86, "é" * 86, "x" * 87, "a" * 5000, "\0" * 86, "=" * 86]
)
async def test_what_is_no_token_is_refused(service: Service, token: str) -> None:
    if "\0" in token:
        assert (await use(service, token)).status_code == 400
    else:
        assert told(await use(service, token)) == INVALID


async def test_a_session_token_and_an_access_token_are_no_refresh_tokens(service: Service) -> None:
    signed_up = await service.sign_up()
    access = (await get(service, "jwt", cookie_of(signed_up))).json()["token"]
    for other in (signed_up.json()["token"], access):
        assert told(await use(service, other)) == INVALID


async def test_a_refresh_token_is_neither_a_session_nor_an_access_token(service: Service) -> None:
    bearer = {"authorization": f"Bearer {await granted(service)}"}
    reply = await service.client.get("/api/auth/get-session", headers=bearer)
    assert reply.text == "null"
    assert (await service.client.get("/api/auth/jwt", headers=bearer)).status_code == 401


async def test_without_a_token_there_is_none(service: Service) -> None:
    assert told(await service.client.post(REFRESH_PATH)) == INVALID
    assert told(await post(service, "token/refresh", None, {})) == INVALID


async def test_halves_of_two_readers_tokens_are_no_token_and_harm_their_session_alone(
    service: Service,
) -> None:
    mina = await granted(service)
    omar = (await service.sign_up("omar@example.com", grant="refresh")).json()["refreshToken"]
    # Whoever makes this has a token of Mina's family, so it is taken for a reuse of hers.
    assert told(await use(service, mina[:43] + omar[43:])) == INVALID
    assert (await use(service, omar)).status_code == 200


async def test_another_readers_cookie_beside_a_token_changes_nothing(service: Service) -> None:
    mina = await granted(service)
    omar = await service.sign_up("omar@example.com")
    service.clock.advance(days=2)
    reply = await use(service, mina, cookie=cookie_of(omar), origin=ORIGIN)
    assert claims_of(reply.json()["token"])["email"] == "mina@example.com"
    assert "set-cookie" not in reply.headers
    assert "set-auth-token" not in reply.headers


async def test_origin_and_kind_of_body_are_checked_first(service: Service) -> None:
    token = await granted(service)
    form = await service.client.post(REFRESH_PATH, data={"refreshToken": token})
    assert form.json()["code"] == "UNSUPPORTED_MEDIA_TYPE"
    foreign = await use(service, token, cookie="a=b", origin="https://evil.example")
    assert (foreign.status_code, foreign.json()["code"]) == (403, "INVALID_ORIGIN")
    assert (await use(service, token)).status_code == 200


async def test_it_is_limited_as_passwords_are(service: Service, database_url: str) -> None:
    settings = make_settings(database_url, RATE_LIMIT="on", CREDENTIAL_RATE_LIMIT="3/minute")
    async with serving(settings) as limited:
        statuses = [(await use(limited, "x")).status_code for _ in range(4)]
        assert statuses == [401] * 3 + [429]
        assert (await limited.client.get(f"{REFRESH_PATH}/more")).status_code == 429
        assert (await limited.client.get("/api/auth/token")).status_code != 429
        assert (await limited.sign_in()).status_code == 401


async def test_behind_a_pooler_tokens_are_exchanged_and_reuse_is_noticed(
    service: Service, database_url: str
) -> None:
    async with serving(make_settings(f"{database_url}?pgbouncer=true")) as pooled:
        token = await granted(pooled)
        successor = await used(pooled, token)
        assert await used(pooled, token) == successor
        pooled.clock.advance(seconds=11)
        assert told(await use(pooled, token)) == INVALID
        assert told(await use(pooled, successor)) == INVALID


@pytest.mark.parametrize("uses", [0, 1], ids=["unused", "within the grace"])
async def test_a_user_whom_another_server_bans_draws_nothing(service: Service, uses: int) -> None:
    token = await granted(service)
    for _ in range(uses):
        await used(service, token)
    await service.write('UPDATE "user" SET banned = true')  # and leaves the session
    assert told(await use(service, token)) == INVALID
    await service.write('UPDATE "user" SET "banExpires" = \'2026-03-01 12:00:00+00\'')
    assert (await use(service, token)).status_code == 200


async def test_a_role_is_that_of_the_moment_a_token_is_used(service: Service) -> None:
    token = await granted(service)
    await service.write("UPDATE \"user\" SET role = 'instructor'")
    drawn = (await use(service, token)).json()["token"]
    assert jwt.decode(drawn, options={"verify_signature": False})["role"] == "instructor"


async def test_reuse_is_written_down_once(service: Service) -> None:
    token = await granted(service)
    await used(service, token)
    service.clock.advance(seconds=11)
    ((user_id,),) = await service.rows('SELECT id FROM "user"')
    await asyncio.gather(*(use(service, token) for _ in range(20)))
    rows = await service.rows(
        "SELECT event, actor_id, ip_address FROM audit_event WHERE user_id = :id ORDER BY id",
        id=user_id,
    )
    assert rows[1:] == [("refresh_token_reused", None, "203.0.113.7")]
