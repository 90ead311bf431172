"""The names routes ask for: Res, Db, Now, Caller, and a body that has passed every check."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from auth_service.database.api_keys import UsedKey, use_key
from auth_service.errors import Refused
from auth_service.origins import check_caller, check_login, check_redirects
from auth_service.resources import Resources
from auth_service.wire import JSON, Absent, Body, query_members, read_body, validate
from service_kit.client_ip import client_ip

API_KEY_HEADER = "x-api-key"


@dataclass(frozen=True, slots=True)
class Client:
    """Where a request came from, as a session remembers it; "" where unknown."""

    ip_address: str
    user_agent: str


def resources_of(request: Request) -> Resources:
    """Return what the lifespan opened."""
    opened: Resources = request.scope["state"]["resources"]  # as request.state, but at once
    return opened


async def resources(request: Request) -> Resources:
    """Return what the lifespan opened, for routes that depend on it."""
    return resources_of(request)


Res = Annotated[Resources, Depends(resources)]


def moment_of(opened: Resources) -> datetime:
    """Return the time in UTC, to the millisecond, as it is stored and said."""
    moment = opened.clock()
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


async def now(opened: Res) -> datetime:
    """Return the time of the request, for routes that depend on it."""
    return moment_of(opened)


Now = Annotated[datetime, Depends(now)]


async def transaction(opened: Res) -> AsyncIterator[AsyncSession]:
    """One request, one transaction: commit when the route returns, roll back when it raises.

    A connection is taken at the first statement, so none is held while a password is hashed
    before it. Function scope ends before the response is sent, so a failed commit is an error
    the caller sees.
    """
    async with opened.transaction() as db:
        yield db


Db = Annotated[AsyncSession, Depends(transaction, scope="function")]


async def client(request: Request, opened: Res) -> Client:
    """Return where the request came from."""
    settings = opened.settings
    return Client(
        ip_address=client_ip(request.scope, settings.trusted_proxies, settings.client_ip_header),
        # The server lets no control character through; in-process callers might.
        user_agent=request.headers.get("user-agent", "").replace("\0", ""),
    )


Caller = Annotated[Client, Depends(client)]


async def used_key(request: Request, opened: Resources) -> UsedKey | None:
    """Return the API key a request presents, its use counted once however often this is asked.

    Better Auth looks at it after the body was read and the caller checked, and before anything
    is validated.

    Raises:
        Refused: The key does not hold, or has no uses left.
        DatabaseUnavailable: The database does not answer.
    """
    given = ", ".join(request.headers.getlist(API_KEY_HEADER))
    if not given:
        return None
    if not hasattr(request.state, "used_key"):
        async with opened.database.statements() as db:
            request.state.used_key = await use_key(db, given, moment_of(opened))
    used: UsedKey | Refused = request.state.used_key
    if isinstance(used, Refused):
        raise used
    return used


async def same_site(request: Request, opened: Res) -> None:
    """Refuse a request with cookies that no trusted page has sent.

    Raises:
        Refused: MISSING_OR_NULL_ORIGIN or INVALID_ORIGIN.
    """
    check_caller(_lines_joined(request), request.url.scheme, opened.trusted)
    await used_key(request, opened)


async def any_body(request: Request, opened: Res) -> None:
    """Check a request whose body is not asked for, but must be one that could be read.

    Raises:
        Refused: Of another kind, no JSON, or from a page not trusted.
    """
    await _checked_request(request, opened, (JSON,))


def checked_body(
    model: type[Body], *media_types: str, login: bool = False, optional: bool = False
) -> Callable[[Request, Resources], Awaitable[Body]]:
    """Return a dependency that reads a body and checks the request, in Better Auth's order.

    Args:
        model: What the body becomes.
        media_types: Those the route reads; JSON where none is named.
        login: The route signs in, so browsers are checked even without cookies.
        optional: A request without a body is as good as one with an empty object.
    """

    async def read(request: Request, opened: Res) -> Body:
        value = await _checked_request(request, opened, media_types or (JSON,))
        body = validate(model, {} if optional and value is Absent.BODY else value)
        if login:
            check_login(_lines_joined(request), request.url.scheme, opened.trusted)
        return body

    return read


async def _checked_request(
    request: Request, opened: Resources, media_types: tuple[str, ...]
) -> object:
    """Return the value a body holds, once the checks that do not depend on its route are passed."""
    content_type = request.headers.get("content-type", "")
    value = read_body(content_type, await request.body(), media_types)
    check_caller(_lines_joined(request), request.url.scheme, opened.trusted)
    members = value if isinstance(value, dict) else {}
    query = query_members(request.query_params.multi_items())
    check_redirects(members, query, opened.trusted)
    await used_key(request, opened)
    return value


def _lines_joined(request: Request) -> dict[str, str]:
    """Return the headers, a doubled one as the list it is (RFC 9110 section 5.3).

    Of two Origin lines the first alone must not count: an origin's list is nobody's origin.
    """
    joined: dict[str, str] = {}
    for name, value in request.headers.items():
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined


def checked_query(
    model: type[Body], *, redirects: bool = False
) -> Callable[[Request, Resources], Awaitable[Body]]:
    """Return a dependency that reads a query.

    Args:
        model: What the query becomes.
        redirects: The route sends its reader to the query's callbackURL, so that is checked; for
            routes with a body `checked_body` does so.
    """

    async def read(request: Request, opened: Res) -> Body:
        await used_key(request, opened)
        members = query_members(request.query_params.multi_items())
        query = validate(model, members, where="query")
        if redirects:
            check_redirects({}, members, opened.trusted)
        return query

    return read
