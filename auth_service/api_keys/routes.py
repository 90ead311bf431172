"""The doors of API keys, for their owner."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from auth_service.api_keys import keys, rules
from auth_service.api_keys.keys import NewKey, Page
from auth_service.api_keys.schemas import (
    SORTABLE,
    CreateKeyBody,
    DeleteKeyBody,
    KeyBody,
    KeyListBody,
    KeyListQuery,
    KeyQuery,
    NewKeyBody,
    UpdateKeyBody,
)
from auth_service.audit.events import Actor
from auth_service.dependencies import Caller, Now, Res, checked_body, checked_query
from auth_service.error_codes import Code
from auth_service.errors import Refused
from auth_service.openapi import documented, documented_query
from auth_service.replies import NOT_STORED, reply
from auth_service.sessions.current import Shown
from auth_service.sessions.schemas import SuccessBody
from auth_service.sessions.signed_in import SessionOrKey, carrying, resolve
from auth_service.wire import JSON

router = APIRouter(prefix="/api-key", tags=["api keys"])


@router.post("/create", response_model=NewKeyBody, openapi_extra=documented(CreateKeyBody, JSON))
async def create(  # noqa: PLR0913 -- a route asks for what it uses
    *,
    request: Request,
    body: Annotated[CreateKeyBody, Depends(checked_body(CreateKeyBody))],
    shown: Shown,
    caller: Caller,
    resources: Res,
    now: Now,
) -> Response:
    """Make a key and show it, this once."""
    found = await resolve(request.query_params, shown, resources, now)
    with carrying(found.headers):
        if body.is_the_servers:
            raise Refused(Code.SERVER_ONLY_PROPERTY)
        if "user_id" in body.model_fields_set or found.session is None:
            raise Refused(Code.UNAUTHORIZED_SESSION)
        # What is empty in JavaScript is as good as none, though it is told back.
        metadata = None if body.metadata in ("", 0, False) else body.metadata
        rules.check_metadata(metadata)
        new = NewKey(
            limits=keys.default_limits(resources.settings),
            name=body.name,
            prefix=body.prefix,
            lifetime=rules.check_new(body.name, body.prefix, body.expires_in),
            metadata=metadata,
        )
        user_id = found.session.user_id
        by = Actor(user_id, caller.ip_address, now)
        async with resources.database.statements() as db:
            await resources.key_sweep(db, now)
            stored, key = await keys.create_key(db, user_id, new, by)
    told = {**asdict(stored), "metadata": body.metadata, "key": key}
    # A key is shown once, and what is told of keys, here and below, is their owner's alone.
    return reply(NewKeyBody.model_validate(told), (NOT_STORED, *found.headers))


@router.get("/list", response_model=KeyListBody, openapi_extra=documented_query(KeyListQuery))
async def list_keys(
    query: Annotated[KeyListQuery, Depends(checked_query(KeyListQuery))],
    live: SessionOrKey,
    resources: Res,
    now: Now,
) -> Response:
    """Tell the user's keys, a page of them at most."""
    page = Page(
        config_id=query.config_id or None,
        sort_by=SORTABLE[query.sort_by] if query.sort_by else None,
        descending=bool(query.sort_by) and query.sort_direction == "desc",
        limit=query.limit,
        offset=query.offset,
    )
    async with resources.database.statements() as db:
        # An organization has no keys, and its id may be anything, such as another user's.
        found, total = (
            ([], 0)
            if query.organization_id
            else await keys.list_keys(db, live.session.user_id, page)
        )
        await resources.key_sweep(db, now)
    asked = {name: getattr(page, name) for name in ("limit", "offset")}
    body = KeyListBody(
        api_keys=tuple(KeyBody.model_validate(key) for key in found),
        total=total,
        **{name: value for name, value in asked.items() if value is not None},
    )
    return reply(body, (NOT_STORED, *live.headers))


@router.get("/get", response_model=KeyBody, openapi_extra=documented_query(KeyQuery))
async def get(
    query: Annotated[KeyQuery, Depends(checked_query(KeyQuery))],
    live: SessionOrKey,
    resources: Res,
) -> Response:
    """Tell one of the user's keys."""
    async with resources.database.statements() as db:
        found = await keys.find_key(db, live.session.user_id, query.id)
    return reply(KeyBody.model_validate(found), (NOT_STORED, *live.headers))


@router.post("/update", response_model=KeyBody, openapi_extra=documented(UpdateKeyBody, JSON))
async def update(  # noqa: PLR0913 -- a route asks for what it uses
    *,
    request: Request,
    body: Annotated[UpdateKeyBody, Depends(checked_body(UpdateKeyBody))],
    shown: Shown,
    caller: Caller,
    resources: Res,
    now: Now,
) -> Response:
    """Change one of the user's keys: its name, end, metadata, or whether it counts."""
    found = await resolve(request.query_params, shown, resources, now)
    with carrying(found.headers):
        if found.session is None:
            raise Refused(Code.UNAUTHORIZED_SESSION)
        user_id = found.session.user_id
        # Better Auth makes a text of it first, and that of an empty list is empty.
        if "user_id" in body.model_fields_set and body.user_id not in ("", [], user_id):
            raise Refused(Code.UNAUTHORIZED_SESSION)
        if body.is_the_servers:
            raise Refused(Code.SERVER_ONLY_PROPERTY)
        async with resources.database.statements() as db:
            await keys.find_key(db, user_id, body.key_id)
            changes = _changes(body, now)
            by = Actor(user_id, caller.ip_address, now)
            changed = await keys.update_key(db, user_id, body.key_id, changes, by)
    return reply(KeyBody.model_validate(changed), (NOT_STORED, *found.headers))


@router.post("/delete", response_model=SuccessBody, openapi_extra=documented(DeleteKeyBody, JSON))
async def delete(
    body: Annotated[DeleteKeyBody, Depends(checked_body(DeleteKeyBody))],
    live: SessionOrKey,
    caller: Caller,
    resources: Res,
    now: Now,
) -> Response:
    """Delete one of the user's keys."""
    user_id = live.session.user_id
    by = Actor(user_id, caller.ip_address, now)
    async with resources.database.statements() as db:
        await keys.delete_key(db, user_id, body.key_id, by)
    return reply(SuccessBody(success=True), live.headers)


def _changes(body: UpdateKeyBody, now: datetime) -> dict[str, object]:
    """Return the columns a body changes.

    Raises:
        Refused: A value is out of bounds, or there is none.
    """
    sent = body.model_fields_set
    changes: dict[str, object] = {}
    if body.name is not None:
        rules.check_name(body.name)
        changes["name"] = body.name
    if body.enabled is not None:
        changes["enabled"] = body.enabled
    if "expires_in" in sent:
        lifetime = rules.check_lifetime(body.expires_in)
        changes["expires_at"] = None if lifetime is None else now + lifetime
    if "metadata" in sent:
        rules.check_metadata(body.metadata)
        changes["metadata_json"] = body.metadata
    if not changes:
        raise Refused(Code.NO_VALUES_TO_UPDATE)
    return changes
