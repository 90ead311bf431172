"""A reader's refresh tokens: granted, used."""

import httpx

from tests.auth_service.service import ORIGIN, Service, cookie_of

WEEK = 7 * 24 * 3600
INVALID = (401, {"message": "Invalid token", "code": "INVALID_TOKEN"})
EXPIRED = (401, {"message": "Token expired", "code": "TOKEN_EXPIRED"})
REFRESH_COOKIE = "better-auth.refresh_token"
REFRESH_PATH = "/api/auth/token/refresh"


async def granted(service: Service, *, remember: bool = True) -> str:
    """Sign Mina up and return her first refresh token."""
    reply = await service.sign_up(grant="refresh", rememberMe=remember)
    assert reply.status_code == 200, reply.text
    return str(reply.json()["refreshToken"])


async def use(service: Service, token: str, **headers: str) -> httpx.Response:
    return await service.client.post(REFRESH_PATH, json={"refreshToken": token}, headers=headers)


async def used(service: Service, token: str) -> str:
    """Use a token and return the next."""
    reply = await use(service, token)
    assert reply.status_code == 200, reply.text
    return str(reply.json()["refreshToken"])


def refresh_cookie(reply: httpx.Response) -> str:
    return cookie_of(reply, REFRESH_COOKIE)


async def use_cookie(service: Service, cookie: str, origin: str = ORIGIN) -> httpx.Response:
    headers = {"cookie": cookie, "origin": origin}
    return await service.client.post(REFRESH_PATH, headers=headers)
