"""The names routes ask for: Res, CurrentCaller; and what every route of /v1 passes first."""

import asyncio
from collections.abc import Coroutine
from typing import Annotated, TypeVar

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import ClientDisconnect

from api_service.identity.caller import Caller
from api_service.identity.tokens import identify
from api_service.problems import InvalidToken, LimitUnavailable
from api_service.resources import Resources
from service_kit.rate_limit import RateStoreDown

T = TypeVar("T")

_bearer = HTTPBearer(
    auto_error=False, bearerFormat="JWT", description="The token of `GET /api/auth/jwt`."
)


def resources_of(request: Request) -> Resources:
    """Return what the lifespan opened."""
    opened: Resources = request.state.resources
    return opened


Res = Annotated[Resources, Depends(resources_of)]


async def current_caller(
    request: Request,
    res: Res,
    _documented: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
) -> Caller:
    """Return who is asking.

    Raises:
        InvalidToken: The token is missing, does not hold or has been revoked.
        KeysUnavailable: It is of EdDSA, and auth-service's keys cannot be had.
        RevocationsUnknown: Whether it has been revoked must be known, and is not.
    """
    token = _bearer_token(request)
    caller = await identify(token, *res.settings.token_secrets, key_set=res.key_set)
    if res.revocations is not None:
        res.revocations.check(caller)
    return caller


def _bearer_token(request: Request) -> str | None:
    """Return what follows "Bearer" (RFC 6750 section 2.1), None where nothing does.

    Raises:
        InvalidToken: Two headers speak for two callers.
    """
    lines = request.headers.getlist("authorization")
    if len(lines) > 1:
        raise InvalidToken("There is more than one Authorization header.")
    scheme, _, token = lines[0].partition(" ") if lines else ("", "", "")
    # Spaces alone: other characters that Python calls white are none of HTTP's.
    return (token.strip(" ") or None) if scheme.lower() == "bearer" else None


CurrentCaller = Annotated[Caller, Depends(current_caller)]


async def within_limit(caller: CurrentCaller, res: Res) -> None:
    """Count one question of the caller.

    Raises:
        RateLimited: The caller's limit is used up.
        LimitUnavailable: Questions cannot be counted.
    """
    if res.limit is not None:
        try:
            await res.limit.hit(caller.user_id)
        except RateStoreDown as error:
            raise LimitUnavailable("Questions cannot be counted at the moment.") from error


async def unless_gone(request: Request, work: Coroutine[None, None, T]) -> T:
    """Return what work returns; when the caller goes away first, work is cancelled.

    Args:
        request: Its body has been read.
        work: What the caller waits for.

    Raises:
        ClientDisconnect: The caller has gone.
    """

    async def departure() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    working = asyncio.create_task(work)
    leaving = asyncio.create_task(departure())
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)
