"""The names routes ask for: Res, CurrentCaller; and what every route of /v1 passes first."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Annotated, TypeVar

from fastapi import Depends, Request, Response, Security
from fastapi.security import APIKeyHeader, HTTPBearer
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from api_service.budgets.headers import limit_headers
from api_service.identity.api_keys import looks_like_key
from api_service.identity.caller import Caller
from api_service.identity.tokens import identify
from api_service.problems import InvalidToken, LimitUnavailable, NotPermitted
from api_service.resources import Resources
from service_kit.rate_limit import RateLimited, RateStoreDown, Window
from service_kit.traces import span

T = TypeVar("T")

_bearer = HTTPBearer(
    auto_error=False,
    bearerFormat="JWT",
    description="The token of `GET /api/auth/jwt`; an API key is taken here, too.",
)

_api_key = APIKeyHeader(
    name="X-API-Key", auto_error=False, description="A key of `POST /api/auth/api-key/create`."
)


CREDENTIALS = (Security(_bearer), Security(_api_key))
"""What the API's description says of credentials; `current_caller` reads them."""


def resources_of(request: Request) -> Resources:
    """Return what the lifespan opened."""
    opened: Resources = request.state.resources
    return opened


# FastAPI calls what is not async in another thread, and goes through all that a dependency depends
# on wherever it is named, though it calls it once: a reader would wait for both.


async def _resources(request: Request) -> Resources:
    return resources_of(request)


Res = Annotated[Resources, Depends(_resources)]


async def current_caller(request: Request) -> Caller:
    """Return who is asking: by bearer token, or else by API key.

    Where both are sent, the token alone counts, good or bad: it is checked here, so that a key
    that comes along costs the caller nothing and auth_service being away breaks nothing.

    OpenAI's clients send their key as a bearer. What has the form of an API key cannot be a token,
    whose parts are joined by dots, and is judged as a key, even with another in X-API-Key.

    Raises:
        InvalidToken: The token is missing, does not hold or has been revoked.
        KeysUnavailable: It is of EdDSA, and auth-service's keys cannot be had.
        InvalidApiKey: The key does not hold.
        ApiKeyUsedUp: The key has no uses left.
        ApiKeysUnavailable: The key cannot be checked.
        RevocationsUnknown: Whether it has been revoked must be known, and is not.
    """
    with span("check credentials"):
        return await _caller(request)


async def _caller(request: Request) -> Caller:
    res, api_key = resources_of(request), request.headers.get("X-API-Key")
    token = _bearer_token(request)
    if token is not None and looks_like_key(token):
        token, api_key = None, token
    if token is None and api_key:
        return await res.api_keys.verify(api_key)  # which heeds revocations by itself
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


async def unkept(response: Response) -> None:
    """Have nobody on the way keep a reply: it is for whoever asked, also where a key told who."""
    response.headers["Cache-Control"] = "no-store"


CurrentCaller = Annotated[Caller, Depends(current_caller)]


def permitted(resource: str, action: str) -> Callable[[Caller], Awaitable[None]]:
    """Return a dependency that refuses keys without a permission.

    Args:
        resource: What it is for, such as `book`.
        action: What is done there.
    """

    async def check(caller: CurrentCaller) -> None:
        if not caller.may(resource, action):
            raise NotPermitted(f"The API key lacks the permission {resource}:{action}.")

    return check


async def within_limit(request: Request, caller: CurrentCaller, res: Res) -> None:
    """Count one question of the caller, and leave word of all limits for the reply's headers.

    Raises:
        RateLimited: The caller's limit is used up.
        LimitUnavailable: Questions cannot be counted.
    """
    refusal: RateLimited | None = None
    windows: list[Window] = []
    try:
        if res.limit is not None:
            try:
                await res.limit.hit(caller.user_id)
            except RateLimited as error:
                refusal = error
            windows = await res.limit.windows(caller.user_id)
        request.state.limit_headers = limit_headers(windows, await res.budgets.standing(caller))
    except RateStoreDown as error:
        raise LimitUnavailable("Questions cannot be counted at the moment.") from error
    if refusal is not None:
        raise refusal


async def departure(receive: Receive) -> None:
    """Return when the caller goes away; what may still come of their body is not that."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def unless_gone(request: Request, work: Coroutine[None, None, T]) -> T:
    """Return what work returns; when the caller goes away first, work is cancelled.

    Args:
        request: Its body has been read.
        work: What the caller waits for.

    Raises:
        ClientDisconnect: The caller has gone.
    """
    working = asyncio.create_task(work)
    leaving = asyncio.create_task(departure(request.receive))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)
