"""`GET /v1/usage`: how the caller stands; asking counts towards no limit."""

from datetime import UTC, datetime
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api_service.budgets.standing import Budget, Scope, Streams
from api_service.dependencies import CurrentCaller, Res
from api_service.problems import LimitUnavailable
from service_kit.rate_limit import RateStoreDown, Window

router = APIRouter(tags=["usage"])

ADMIN = "admin"


class Limit(BaseModel):
    """One limit, and how the caller stands."""

    name: Literal["requests", "streams", "tokens"]
    scope: Scope = Field(description="Who shares it: the user, one API key, or everyone.")
    limit: int
    used: int
    reserved: int = Field(description="Tokens that answers under way may yet take.")
    remaining: int
    window_seconds: int | None = Field(description="None where it is how many at once.")
    resets_at: datetime | None = Field(description="When all, or the first, of it comes back.")


class Usage(BaseModel):
    """Every limit that holds for the caller; what has no limit is not counted."""

    limits: list[Limit]


@router.get("/usage")
async def usage(caller: CurrentCaller, res: Res) -> Usage:
    """Return the caller's limits; admins are told of everyone's together besides."""
    try:
        windows = [] if res.limit is None else await res.limit.windows(caller.user_id)
        standing = await res.budgets.standing(caller, everyone=ADMIN in caller.role.split(","))
    except RateStoreDown as error:
        raise LimitUnavailable("What was used is not known at the moment.") from error
    return Usage(
        limits=[
            *(_requests(each) for each in windows),
            *(_streams(each) for each in standing.streams),
            *(_tokens(each) for each in standing.tokens),
        ]
    )


def _requests(window: Window) -> Limit:
    now = datetime.now(UTC).timestamp()
    return Limit(
        name="requests",
        scope="user",
        limit=window.limit,
        used=window.limit - window.remaining,
        reserved=0,
        remaining=window.remaining,
        window_seconds=window.seconds,
        resets_at=_moment(int(now) + window.reset) if window.reset else None,
    )


def _streams(streams: Streams) -> Limit:
    return Limit(
        name="streams",
        scope=streams.scope,
        limit=streams.limit,
        used=streams.taken,
        reserved=0,
        remaining=max(0, streams.limit - streams.taken),
        window_seconds=None,
        resets_at=None,
    )


def _tokens(budget: Budget) -> Limit:
    return Limit(
        name="tokens",
        scope=budget.scope,
        limit=budget.limit,
        used=budget.balance.used,
        reserved=budget.balance.reserved,
        remaining=budget.remaining,
        window_seconds=budget.window,
        resets_at=_moment(budget.ends_at),
    )


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
