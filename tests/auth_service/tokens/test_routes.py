from datetime import UTC, datetime

import jwt
import pytest

from tests.auth_service.service import (
    ORIGIN,
    PASSWORD,
    TOKEN_SECRET,
    Service,
    cookie_of,
    set_cookies,
)


def claims_of(token: str) -> dict[str, object]:
    """Check a token as api-service does, at the time of the tests' clock."""
    return jwt.decode(
        token,
        TOKEN_SECRET,
        algorithms=["HS256"],
        audience="api-service",
        issuer="auth-service",
        options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
    )


@pytest.mark.parametrize("by", ["cookie", "bearer"])
async def test_a_session_is_exchanged_for_a_token(service: Service, by: str) -> None:
    signed_up = await service.sign_up(softwareBackground="Python")
    shown = (
        {"cookie": cookie_of(signed_up)}
        if by == "cookie"
        else {"authorization": f"Bearer {signed_up.json()['token']}"}
    )
    reply = await service.client.get("/api/auth/jwt", headers=shown)
    assert reply.status_code == 200
    assert reply.headers["cache-control"] == "no-store"
    assert reply.json()["user"] == signed_up.json()["user"]
    claims = claims_of(reply.json()["token"])
    session = (await service.get_session(cookie_of(signed_up))).json()["session"]
    issued_at = int(datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC).timestamp())
    assert len(str(claims.pop("jti"))) == 32
    assert claims == {
        "sub": session["userId"],
        "userId": session["userId"],
        "email": "mina@example.com",
        "name": "Mina",
        "emailVerified": False,
        "softwareBackground": "Python",
        "hardwareBackground": None,
        "interestArea": None,
        "role": "user",
        "sid": session["id"],
        "iat": issued_at,
        "nbf": issued_at,
        "exp": issued_at + 7 * 24 * 3600,
        "iss": "auth-service",
        "aud": "api-service",
    }


async def test_no_two_tokens_are_alike(service: Service) -> None:
    cookie = cookie_of(await service.sign_up())
    tokens = [
        (await service.client.get("/api/auth/jwt", headers={"cookie": cookie})).json()["token"]
        for _ in range(2)
    ]
    assert tokens[0] != tokens[1]


async def test_without_a_session_there_is_no_token(service: Service) -> None:
    ended = cookie_of(await service.sign_up())
    await service.write("DELETE FROM session")
    for headers in ({}, {"cookie": ended}, {"authorization": "Bearer"}):
        reply = await service.client.get("/api/auth/jwt", headers=headers)
        assert (reply.status_code, reply.json()) == (401, {"error": "Unauthorized"})
        assert reply.headers["cache-control"] == "no-store"


async def test_asking_for_a_token_extends_the_session(service: Service) -> None:
    cookie = cookie_of(await service.sign_up())
    service.clock.advance(days=6)
    reply = await service.client.get("/api/auth/jwt", headers={"cookie": cookie})
    assert cookie_of(reply) == cookie


async def test_one_call_signs_up_and_answers_with_a_token(service: Service) -> None:
    body = {"name": "Mina", "email": "mina@example.com", "password": PASSWORD}
    reply = await service.client.post("/api/auth/sign-up", json=body)
    assert reply.status_code == 200
    assert set(reply.json()) == {"token", "user"}
    session = (await service.get_session(cookie_of(reply))).json()["session"]
    assert claims_of(reply.json()["token"])["sid"] == session["id"]
    again = await service.client.post("/api/auth/sign-up", json=body)
    assert again.json()["code"] == "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL"


async def test_one_call_signs_in_and_answers_with_a_token(service: Service) -> None:
    await service.sign_up()
    body = {"email": "mina@example.com", "password": PASSWORD, "rememberMe": False}
    reply = await service.client.post("/api/auth/sign-in", json=body)
    assert claims_of(reply.json()["token"])["email"] == "mina@example.com"
    assert "better-auth.dont_remember" in set_cookies(reply)
    body["password"] = "another password"
    wrong = await service.client.post("/api/auth/sign-in", json=body)
    assert (wrong.status_code, wrong.json()["code"]) == (401, "INVALID_EMAIL_OR_PASSWORD")


@pytest.mark.parametrize("path", ["/api/auth/sign-in", "/api/auth/sign-up"])
async def test_one_call_variants_are_guarded_as_the_others_are(service: Service, path: str) -> None:
    body = {"name": "Mina", "email": "mina@example.com", "password": PASSWORD}
    reply = await service.client.post(path, json=body, headers={"origin": "https://evil.example"})
    assert (reply.status_code, reply.json()["code"]) == (403, "INVALID_ORIGIN")
    reply = await service.client.post(path, json={}, headers={"origin": ORIGIN})
    assert reply.json()["code"] == "VALIDATION_ERROR"
