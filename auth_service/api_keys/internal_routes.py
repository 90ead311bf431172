"""What api-service asks about API keys: whose is this one?"""

from datetime import timedelta
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends
from starlette.responses import Response

from auth_service.api_keys.keys import read_json
from auth_service.api_keys.schemas import VerifiedKeyBody, VerifyKeyBody
from auth_service.database.api_keys import use_key
from auth_service.dependencies import Now, Res, checked_body
from auth_service.error_codes import Code
from auth_service.errors import KeyUsedUp, Refused, Unavailable
from auth_service.replies import reply
from auth_service.service_callers import from_api_service
from auth_service.sessions.schemas import UserBody

log = structlog.get_logger(__name__)

router = APIRouter(prefix="/api-keys", dependencies=[Depends(from_api_service)])


@router.post("/verify", include_in_schema=False)
async def verify(
    body: Annotated[VerifyKeyBody, Depends(checked_body(VerifyKeyBody))],
    resources: Res,
    now: Now,
) -> Response:
    """Count a use of a key and tell whose it is, or why it does not count."""
    async with resources.database.statements() as db:
        used = await use_key(db, body.key, now)
    if isinstance(used, Unavailable):
        raise used
    if isinstance(used, Refused):
        log.info("api_key_refused", code=used.code.name)
        return reply(_refused(used))
    permissions = read_json(used.permissions)
    return reply(
        VerifiedKeyBody(
            valid=True,
            key_id=used.id,
            expires_at=used.expires_at,
            permissions=permissions if isinstance(permissions, dict) else None,
            cacheable=not used.counted,
            user=UserBody.model_validate(used.user),
            role=used.user.role,
        )
    )


def _refused(refusal: Refused) -> VerifiedKeyBody:
    wait = refusal.wait if isinstance(refusal, KeyUsedUp) else None
    return VerifiedKeyBody(
        valid=False,
        code=refusal.code.name,
        # A key may be refilled, or may be used again when its window has passed.
        cacheable=refusal.code not in {Code.RATE_LIMITED, Code.USAGE_EXCEEDED},
        retry_after_ms=None if wait is None else wait // timedelta(milliseconds=1),
    )
