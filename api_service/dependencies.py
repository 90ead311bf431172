"""The names routes ask for: Res, CurrentCaller; and what every route of /v1 passes first."""

from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api_service.identity import Caller, verify
from api_service.resources import Resources

_bearer = HTTPBearer(
    auto_error=False, bearerFormat="JWT", description="The token of `GET /api/auth/jwt`."
)


def resources(request: Request) -> Resources:
    """Return what the lifespan opened."""
    opened = request.state.resources
    if not isinstance(opened, Resources):
        raise TypeError("the lifespan opened no Resources")
    return opened


Res = Annotated[Resources, Depends(resources)]


async def current_caller(
    res: Res, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]
) -> Caller:
    """Return who is asking.

    Raises:
        InvalidToken: The token is missing or does not hold.
    """
    token = credentials.credentials if credentials else None
    return verify(token, res.settings.jwt_secret.get_secret_value())


CurrentCaller = Annotated[Caller, Depends(current_caller)]


async def within_limit(caller: CurrentCaller, res: Res) -> None:
    """Count one question of the caller.

    Raises:
        RateLimited: The caller's limit is used up.
    """
    if res.limit is not None:
        res.limit.hit(caller.user_id)
