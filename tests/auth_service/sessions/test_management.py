"""Section 5.3 of the reference: list-sessions, revoke-session, -sessions, -other-sessions."""

import pytest

from tests.auth_service.service import Service, cookie_of, set_cookies
from tests.auth_service.signed_in import CLEARED, counted, get, post, told

DONE = (200, {"status": True})


async def test_list_sessions_tells_the_active_sessions_with_their_tokens(service: Service) -> None:
    first = await service.sign_up()
    second = await service.sign_in()
    await service.sign_up("omar@example.com")
    await service.sign_in(rememberMe=False)
    await service.write(
        'UPDATE session SET "expiresAt" = :past WHERE token NOT IN (:first, :second) ',
        past=service.clock.moment.replace(microsecond=123000),  # now, to the millisecond
        first=first.json()["token"],
        second=second.json()["token"],
    )
    reply = await get(service, "list-sessions", cookie_of(first))
    assert reply.status_code == 200
    assert {session["token"] for session in reply.json()} == {
        first.json()["token"],
        second.json()["token"],
    }
    current = (await service.get_session(cookie_of(first))).json()["session"]
    assert current in reply.json()
    assert reply.headers["cache-control"] == "no-store"


async def test_list_sessions_tells_the_newest_hundred(service: Service) -> None:
    cookie = cookie_of(await service.sign_up())
    await service.write(
        'INSERT INTO session (id, token, "userId", "expiresAt", "createdAt", "updatedAt") '
        """SELECT n, 'token-' || n, "user".id, :later, """
        "CAST(:now AS timestamptz) - n * interval '1 s', :now "
        'FROM generate_series(1, 120) AS n, "user"',
        later=service.clock.moment.replace(day=9),
        now=service.clock.moment.replace(day=1),
    )
    sessions = (await get(service, "list-sessions", cookie)).json()
    assert len(sessions) == 100
    moments = [session["createdAt"] for session in sessions]
    assert moments == sorted(moments)
    assert "token-120" not in {session["token"] for session in sessions}


async def test_revoke_session_ends_another_session_of_the_user(service: Service) -> None:
    kept = cookie_of(await service.sign_up())
    other = await service.sign_in()
    reply = await post(service, "revoke-session", kept, {"token": other.json()["token"]})
    assert told(reply) == DONE
    assert "set-cookie" not in reply.headers
    assert (await service.get_session(cookie_of(other))).text == "null"
    assert (await service.get_session(kept)).text != "null"


async def test_revoke_session_of_the_current_one_clears_its_cookies(service: Service) -> None:
    signed_up = await service.sign_up()
    cookie = cookie_of(signed_up)
    chunks = f"{cookie}; better-auth.session_data.0=x; better-auth.session_data.1=y"
    reply = await post(service, "revoke-session", chunks, {"token": signed_up.json()["token"]})
    assert told(reply) == DONE
    parts = {f"better-auth.session_data.{n}" for n in (0, 1)}
    assert set(set_cookies(reply)) == set(CLEARED) | parts
    assert "set-auth-token" not in reply.headers
    assert (await service.get_session(cookie)).text == "null"


async def test_revoke_session_of_an_unknown_token_says_the_same(service: Service) -> None:
    cookie = cookie_of(await service.sign_up())
    for token in ("unknown", "", "x" * 8000, "'; DROP TABLE session; --"):
        reply = await post(service, "revoke-session", cookie, {"token": token})
        assert told(reply) == DONE
        assert "set-cookie" not in reply.headers
    assert (await service.get_session(cookie)).text != "null"


async def test_revoke_session_of_somebody_else_has_no_effect(service: Service) -> None:
    mina = await service.sign_up()
    omar = cookie_of(await service.sign_up("omar@example.com"))
    reply = await post(service, "revoke-session", omar, {"token": mina.json()["token"]})
    assert told(reply) == DONE
    assert "set-cookie" not in reply.headers
    assert (await service.get_session(cookie_of(mina))).text != "null"


async def test_revoke_session_by_a_bearer_may_end_its_own(service: Service) -> None:
    token = (await service.sign_up()).json()["token"]
    reply = await service.client.post(
        "/api/auth/revoke-session",
        json={"token": token},
        headers={"authorization": f"Bearer {token}"},
    )
    assert told(reply) == DONE
    assert set_cookies(reply) == CLEARED
    assert await service.rows("SELECT count(*) FROM session") == [(0,)]


async def test_revoke_sessions_ends_all_of_the_user_and_clears_the_cookies(
    service: Service,
) -> None:
    cookie = cookie_of(await service.sign_up())
    other = cookie_of(await service.sign_in())
    omar = cookie_of(await service.sign_up("omar@example.com"))
    reply = await post(service, "revoke-sessions", cookie)
    assert told(reply) == DONE
    assert set_cookies(reply) == CLEARED
    for ended in (cookie, other):
        assert (await service.get_session(ended)).text == "null"
    assert (await service.get_session(omar)).text != "null"


async def test_revoke_other_sessions_ends_all_but_the_current(service: Service) -> None:
    await service.sign_up()
    cookie = cookie_of(await service.sign_in())
    omar = cookie_of(await service.sign_up("omar@example.com"))
    reply = await post(service, "revoke-other-sessions", cookie, {})
    assert told(reply) == DONE
    assert "set-cookie" not in reply.headers
    assert (await service.get_session(cookie)).text != "null"
    assert (await service.get_session(omar)).text != "null"
    assert await service.rows("SELECT count(*) FROM session") == [(2,)]


@pytest.mark.parametrize("path", ["revoke-session", "revoke-sessions"])
async def test_a_session_revoked_when_its_renewal_was_due_is_handed_out_no_more(
    service: Service, path: str
) -> None:
    signed_up = await service.sign_up()
    service.clock.advance(days=2)
    body = {"token": signed_up.json()["token"]}
    reply = await post(service, path, cookie_of(signed_up), body)
    assert set_cookies(reply) == CLEARED
    assert "set-auth-token" not in reply.headers


async def test_update_session_has_no_field_to_set(service: Service) -> None:
    cookie = cookie_of(await service.sign_up())
    stored = await service.rows("SELECT * FROM session")
    for body in ({}, {"ipAddress": "198.51.100.1", "userId": "x", "expiresAt": "2030-01-01"}):
        reply = await post(service, "update-session", cookie, body)
        assert told(reply) == (400, {"message": "No fields to update"})
    assert await service.rows("SELECT * FROM session") == stored


@pytest.mark.parametrize(
    ("path", "body"),
    [("revoke-session", {"token": "x"}), ("revoke-sessions", None), ("revoke-other-sessions", {})],
)
async def test_managing_sessions_costs_two_statements(
    service: Service, path: str, body: object
) -> None:
    cookie = cookie_of(await service.sign_up())
    with counted(service) as statements:
        assert told(await post(service, path, cookie, body)) == DONE
    assert len(statements) == 2


async def test_listing_sessions_costs_two_statements(
    service: Service,
) -> None:
    cookie = cookie_of(await service.sign_up())
    with counted(service) as statements:
        await get(service, "list-sessions", cookie)
    assert len(statements) == 2
