"""Who may have how much: a caller's places and tokens, and everybody's tokens of the month."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TypeVar
from uuid import uuid4

import structlog

from api_service.budget_problems import MonthUsedUp, TokensUsedUp, TooManyAnswers
from api_service.budgets import Counter, Ledger, Places
from api_service.budgets.in_memory import MemoryLedger
from api_service.budgets.in_redis import RedisLedger
from api_service.budgets.periods import Period, day_of, month_of
from api_service.budgets.standing import Budget, Scope, Standing, Streams
from api_service.identity.caller import Caller
from api_service.problems import LimitUnavailable
from api_service.settings import Settings
from service_kit.rate_limit import RateStore, RateStoreDown, redis_client

log = structlog.get_logger(__name__)

T = TypeVar("T")

SOON = 5
"""Seconds after which answers under way may have left room."""

GRACE_SECONDS = 60.0
"""How long after its deadline an answer is believed to be read still."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much there is; 0 stands for no limit.

    Attributes:
        user_streams: Answers of one user at once, those by API key included.
        user_tokens: Tokens of one user a day, those by API key included.
        key_streams: Answers of one API key at once.
        key_tokens: Tokens of one API key a day.
        month_tokens: Tokens of all callers together a month.
        lease_seconds: Longest time an answer may take.
    """

    user_streams: int = 0
    user_tokens: int = 0
    key_streams: int = 0
    key_tokens: int = 0
    month_tokens: int = 0
    lease_seconds: float = 120.0


@dataclass(frozen=True, slots=True)
class Reservation:
    """Tokens that are set aside for one answer.

    Attributes:
        counters: Where; those of the period it began in.
        tokens: How many.
    """

    counters: tuple[Counter, ...]
    tokens: int


class Budgets:
    """Keeps every answer within the limits.

    Args:
        ledger: Where it is counted.
        limits: How much there is.
        clock: Tells seconds since 1970.
    """

    def __init__(
        self, ledger: Ledger, limits: Limits, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._ledger = ledger
        self._limits = limits
        self._clock = clock
        self._leaving: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def place(self, caller: Caller) -> AsyncIterator[None]:
        """Hold a place for one answer of the caller.

        Raises:
            TooManyAnswers: As many as may be are under way.
            LimitUnavailable: They cannot be counted.
        """
        places = [each for _, each in self._places(caller)]
        if not places:
            yield
            return
        lease = uuid4().hex
        full = await self._taken(
            self._ledger.enter(places, lease, self._limits.lease_seconds),
            lambda: self._ledger.leave(places, lease),
        )
        if full is not None:
            raise TooManyAnswers(places[full].limit, retry_after=SOON)
        try:
            yield
        finally:
            await self._surely(self._ledger.leave(places, lease))

    async def reserve(self, caller: Caller, tokens: int) -> Reservation:
        """Set aside what an answer may take at most.

        Raises:
            TokensUsedUp: The caller has not as many left today.
            MonthUsedUp: All together have not as many left this month.
            LimitUnavailable: They cannot be counted.
        """
        kept = self._counters(caller)
        counters = tuple(each for _, _, each in kept)
        if counters:
            full = await self._taken(
                self._ledger.reserve(counters, tokens),
                lambda: self._ledger.settle(counters, tokens, 0),
            )
            if full is not None:
                scope, _, counter = kept[full.which]
                # What is only set aside may come back with the next answer that ends.
                soon = full.balance.used + tokens <= counter.limit
                wait = SOON if soon else max(1, math.ceil(counter.ends_at - self._clock()))
                if scope == "everyone":
                    log.warning("month_used_up", used=full.balance.used, limit=counter.limit)
                    raise MonthUsedUp(retry_after=wait)
                raise TokensUsedUp(of_key=scope == "api_key", retry_after=wait)
        return Reservation(counters, tokens)

    async def settle(self, reservation: Reservation, used: int) -> None:
        """Count what an answer really took instead; done even if whoever waits is cancelled."""
        if reservation.counters:
            await self._surely(self._ledger.settle(reservation.counters, reservation.tokens, used))

    async def standing(self, caller: Caller, *, everyone: bool = False) -> Standing:
        """Return how the caller stands.

        Args:
            caller: Whose limits.
            everyone: Whether those that all callers share are told too.

        Raises:
            RateStoreDown: It is not known.
        """
        kept = [each for each in self._counters(caller) if everyone or each[0] != "everyone"]
        places = self._places(caller)
        balances = await self._ledger.balances([each for _, _, each in kept]) if kept else []
        taken = await self._ledger.taken([each for _, each in places]) if places else []
        return Standing(
            tokens=tuple(
                Budget(scope, counter.limit, balance, seconds, counter.ends_at)
                for (scope, seconds, counter), balance in zip(kept, balances, strict=True)
            ),
            streams=tuple(
                Streams(scope, each.limit, number)
                for (scope, each), number in zip(places, taken, strict=True)
            ),
        )

    async def close(self) -> None:
        """Wait until everything is settled."""
        await asyncio.gather(*self._leaving)

    def _counters(self, caller: Caller) -> list[tuple[Scope, int, Counter]]:
        """Return the counters an answer counts towards, each with its period's seconds."""
        day, month = day_of(self._clock()), month_of(self._clock())
        limits = self._limits
        all_there_are: list[tuple[Scope, str, int, Period]] = [
            ("user", f"user:{caller.user_id}", limits.user_tokens, day),
            ("api_key", f"key:{caller.key_id}", limits.key_tokens if caller.key_id else 0, day),
            ("everyone", "everyone", limits.month_tokens, month),
        ]
        return [
            (scope, period.seconds, Counter(f"tokens:{name}:{period.name}", limit, period.ends_at))
            for scope, name, limit, period in all_there_are
            if limit
        ]

    def _places(self, caller: Caller) -> list[tuple[Scope, Places]]:
        limits = self._limits
        all_there_are: list[tuple[Scope, str, int]] = [
            ("user", f"user:{caller.user_id}", limits.user_streams),
            ("api_key", f"key:{caller.key_id}", limits.key_streams if caller.key_id else 0),
        ]
        return [
            (scope, Places(f"streams:{name}", limit))
            for scope, name, limit in all_there_are
            if limit
        ]

    async def _taken(
        self,
        take: Coroutine[None, None, T | None],
        give_back: Callable[[], Coroutine[None, None, None]],
    ) -> T | None:
        """Return what was full, None where all was taken; nobody who is cancelled takes anything.

        Raises:
            LimitUnavailable: The ledger does not answer.
        """
        if not self._ledger.waits:
            return await take
        taking = asyncio.create_task(take)
        try:
            return await asyncio.shield(taking)
        except RateStoreDown as error:
            raise LimitUnavailable("Answers cannot be counted at the moment.") from error
        except asyncio.CancelledError:
            # Whether anything was taken is not known before the ledger has answered.
            self._begun(_given_back(taking, give_back))
            raise

    async def _surely(self, work: Coroutine[None, None, None]) -> None:
        """Do work to its end, whatever becomes of whoever waits for it."""
        if self._ledger.waits:
            await asyncio.shield(self._begun(work))
        else:
            await work

    def _begun(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(_unless_away(work))
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)
        return task


def open_budgets(settings: Settings, store: RateStore) -> Budgets:
    """Return what the settings allow, counted in store; RATE_LIMIT=off leaves the month's alone."""
    limits = Limits(
        month_tokens=settings.tokens_a_month,
        lease_seconds=settings.answer_seconds + GRACE_SECONDS,
    )
    if settings.rate_limit:
        limits = replace(
            limits,
            user_streams=settings.chat_streams,
            user_tokens=settings.chat_tokens_a_day,
            key_streams=settings.api_key_streams,
            key_tokens=settings.api_key_tokens_a_day,
        )
    client = redis_client(store.storage)
    return Budgets(RedisLedger(store, client) if client else MemoryLedger(), limits)


async def _given_back(
    taking: asyncio.Task[T | None], give_back: Callable[[], Coroutine[None, None, None]]
) -> None:
    if await taking is None:
        await give_back()


async def _unless_away(work: Coroutine[None, None, None]) -> None:
    try:
        await work
    except RateStoreDown:
        # What was set aside stays so until the period ends: rather too much than too little.
        log.warning("budget_not_settled")
