"""The admins' doors: those of Better Auth's admin plugin that are here, and the events."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from auth_service.admin import users
from auth_service.admin.current import AnyVisitor
from auth_service.admin.schemas import (
    AdminSessionBody,
    AdminUserBody,
    AuditEventBody,
    AuditEventsBody,
    AuditQuery,
    BanBody,
    ChangedUserBody,
    ListUsersQuery,
    SetRoleBody,
    UserIdBody,
    UsersBody,
    UserSessionsBody,
)
from auth_service.admin.users import Ban, Clause, ListedUser, NoSuchField, Page
from auth_service.audit import reading
from auth_service.audit.reading import Filters
from auth_service.dependencies import Res, checked_body, checked_query
from auth_service.error_codes import Code
from auth_service.openapi import documented, documented_query
from auth_service.replies import NOT_STORED_ANYWHERE, reply
from auth_service.sessions.cookies import Header
from auth_service.sessions.management import revoke_all, stored_sessions
from auth_service.sessions.schemas import SuccessBody
from auth_service.wire import JSON

_NO_SESSION: dict[int | str, dict[str, Any]] = {
    401: {"description": "No session; the body is empty", "content": {}}
}
_User = Annotated[UserIdBody, Depends(checked_body(UserIdBody))]
router = APIRouter(prefix="/admin", tags=["admin"], responses=_NO_SESSION)


@router.get("/list-users", response_model=UsersBody, openapi_extra=documented_query(ListUsersQuery))
async def list_users(
    query: Annotated[ListUsersQuery, Depends(checked_query(ListUsersQuery))],
    visitor: AnyVisitor,
    resources: Res,
) -> Response:
    """List users: searched, filtered, sorted, a page at a time."""
    visitor.admin(Code.YOU_ARE_NOT_ALLOWED_TO_LIST_USERS)
    try:
        page = _page(query)
        async with resources.database.statements() as db:
            found, total = await users.list_users(db, _clauses(query), page)
    except NoSuchField:  # Better Auth finds nobody then
        return reply(UsersBody(users=(), total=0), (*NOT_STORED_ANYWHERE, *visitor.live.headers))
    said = {"limit": page.limit, "offset": page.offset}
    body = UsersBody(
        users=tuple(AdminUserBody.model_validate(user) for user in found),
        total=total,
        **{name: number for name, number in said.items() if number},
    )
    return reply(body, (*NOT_STORED_ANYWHERE, *visitor.live.headers))


@router.post(
    "/set-role", response_model=ChangedUserBody, openapi_extra=documented(SetRoleBody, JSON)
)
async def set_role(
    body: Annotated[SetRoleBody, Depends(checked_body(SetRoleBody))],
    visitor: AnyVisitor,
    resources: Res,
) -> Response:
    """Give a user a role, or several, in place of what they had."""
    by = visitor.admin(Code.YOU_ARE_NOT_ALLOWED_TO_CHANGE_USERS_ROLE)
    async with resources.transaction() as db:
        user = await users.set_role(db, body.user_id, body.role, by)
    return _changed(user, visitor.live.headers)


@router.post("/ban-user", response_model=ChangedUserBody, openapi_extra=documented(BanBody, JSON))
async def ban_user(
    body: Annotated[BanBody, Depends(checked_body(BanBody))], visitor: AnyVisitor, resources: Res
) -> Response:
    """Ban a user: their sessions end, and they cannot sign in until the ban does."""
    by = visitor.admin(Code.YOU_ARE_NOT_ALLOWED_TO_BAN_USERS)
    seconds = body.ban_expires_in
    ban = Ban(body.ban_reason, timedelta(seconds=seconds) if seconds else None)
    async with resources.transaction() as db:
        user = await users.ban(db, body.user_id, ban, by)
    return _changed(user, visitor.live.headers)


@router.post(
    "/unban-user", response_model=ChangedUserBody, openapi_extra=documented(UserIdBody, JSON)
)
async def unban_user(
    body: _User,
    visitor: AnyVisitor,
    resources: Res,
) -> Response:
    """Take a user's ban off."""
    by = visitor.admin(Code.YOU_ARE_NOT_ALLOWED_TO_BAN_USERS)
    async with resources.transaction() as db:
        user = await users.unban(db, body.user_id, by)
    return _changed(user, visitor.live.headers)


@router.post(
    "/list-user-sessions",
    response_model=UserSessionsBody,
    openapi_extra=documented(UserIdBody, JSON),
)
async def list_user_sessions(
    body: _User,
    visitor: AnyVisitor,
    resources: Res,
) -> Response:
    """Tell where a user is signed in, without the tokens."""
    by = visitor.admin(Code.YOU_ARE_NOT_ALLOWED_TO_LIST_USERS_SESSIONS)
    async with resources.database.statements() as db:
        sessions = await stored_sessions(db, body.user_id, by.at)
    told = tuple(AdminSessionBody.model_validate(session) for session in sessions)
    return reply(UserSessionsBody(sessions=told), (*NOT_STORED_ANYWHERE, *visitor.live.headers))


@router.post(
    "/revoke-user-sessions", response_model=SuccessBody, openapi_extra=documented(UserIdBody, JSON)
)
async def revoke_user_sessions(
    body: _User,
    visitor: AnyVisitor,
    resources: Res,
) -> Response:
    """End all sessions of a user."""
    by = visitor.admin(Code.YOU_ARE_NOT_ALLOWED_TO_REVOKE_USERS_SESSIONS)
    async with resources.database.statements() as db:
        await revoke_all(db, body.user_id, by)
    return reply(SuccessBody(success=True), visitor.live.headers)


@router.post("/remove-user", response_model=SuccessBody, openapi_extra=documented(UserIdBody, JSON))
async def remove_user(
    body: _User,
    visitor: AnyVisitor,
    resources: Res,
) -> Response:
    """Delete a user, with sessions and accounts."""
    by = visitor.admin(Code.YOU_ARE_NOT_ALLOWED_TO_DELETE_USERS)
    async with resources.transaction() as db:
        await users.remove(db, body.user_id, by)
    return reply(SuccessBody(success=True), visitor.live.headers)


@router.get(
    "/audit-events", response_model=AuditEventsBody, openapi_extra=documented_query(AuditQuery)
)
async def audit_events(
    query: Annotated[AuditQuery, Depends(checked_query(AuditQuery))],
    visitor: AnyVisitor,
    resources: Res,
) -> Response:
    """Tell what happened, newest first, a page at a time."""
    visitor.admin(Code.YOU_ARE_NOT_ALLOWED_TO_READ_AUDIT_EVENTS)
    filters = Filters(query.user, query.event, _moment(query.since), _moment(query.until))
    limit = min(query.limit or _EVENTS, reading.MOST)
    async with resources.database.statements() as db:
        before = int(query.before) if query.before else None
        found = await reading.page(db, filters, before=before, limit=limit)
    events = tuple(
        AuditEventBody(
            id=str(event.id),
            event=event.event,
            created_at=event.created_at,
            actor_id=event.actor_id,
            user_id=event.user_id,
            ip_address=event.ip_address,
            request_id=event.request_id,
            trace_id=event.trace_id,
            detail=None if event.detail is None else dict(event.detail),
        )
        for event in found
    )
    after = events[-1].id if len(events) == limit else None
    body = AuditEventsBody(events=events, next=after)
    return reply(body, (*NOT_STORED_ANYWHERE, *visitor.live.headers))


_EVENTS = 100  # on a page, unless said


def _changed(user: ListedUser, headers: tuple[Header, ...]) -> Response:
    return reply(ChangedUserBody(user=AdminUserBody.model_validate(user)), headers)


def _clauses(query: ListUsersQuery) -> list[Clause]:
    clauses = []
    if query.search_value:
        field, operator = query.search_field or "email", query.search_operator or "contains"
        clauses.append(Clause(field, operator, query.search_value))
    if query.filter_value is not None:
        field, operator = query.filter_field or "email", query.filter_operator or "eq"
        clauses.append(Clause(field, operator, query.filter_value))
    return clauses


def _page(query: ListUsersQuery) -> Page:
    limit = _number(query.limit)
    return Page(
        limit=limit and min(limit, users.MOST),
        offset=_number(query.offset),
        sort_by=query.sort_by,
        descending=query.sort_direction == "desc",
    )


def _number(text: str | None) -> int | None:
    """Return a number as JavaScript reads it; what is none, and 0, is as good as not said.

    Raises:
        NoSuchField: No database can count so.
    """
    try:
        number = float(text or 0)
    except ValueError:
        return None
    if number != number:  # noqa: PLR0124 -- NaN alone is not equal to itself
        return None
    if not number.is_integer() or not 0 <= number < _FARTHEST:
        raise NoSuchField
    return int(number) or None


_FARTHEST = 2**62  # rows; what PostgreSQL counts in


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
