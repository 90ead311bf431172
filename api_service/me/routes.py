"""`GET /v1/me`: what the caller's token or key says, for display."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel

from api_service.dependencies import CurrentCaller

router = APIRouter(tags=["me"])


class Me(BaseModel):
    """The claims of a valid token, or what is known of a key's owner; "" where nothing is."""

    user_id: str
    email: str
    name: str
    software_background: str
    hardware_background: str
    interest_area: str
    role: str
    expires_at: datetime | None


@router.get("/me")
async def me(caller: CurrentCaller) -> Me:
    """Return the caller as token or key describe them; a key without an end never expires."""
    return Me(
        user_id=caller.user_id,
        email=caller.email,
        name=caller.name,
        software_background=caller.software_background,
        hardware_background=caller.hardware_background,
        interest_area=caller.interest_area,
        role=caller.role,
        expires_at=caller.expires_at,
    )
