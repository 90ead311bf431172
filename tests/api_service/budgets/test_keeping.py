import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api_service.budget_problems import MonthUsedUp, TokensUsedUp, TooManyAnswers
from api_service.budgets import Balance, Ledger
from api_service.budgets.in_memory import MemoryLedger
from api_service.budgets.keeping import SOON, Budgets, Limits, open_budgets
from api_service.budgets.standing import Budget, Streams
from api_service.identity.caller import Caller
from api_service.problems import LimitUnavailable, Problem
from service_kit.rate_limit import RateStore
from tests.api_service.callers import make_caller
from tests.api_service.service import make_settings
from tests.service_kit.redis_server import PATIENT, RedisServer, running_redis

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC).timestamp()
HALF_A_DAY = 43_200


def budgets(limits: Limits, ledger: Ledger | None = None, moment: float = NOON) -> Budgets:
    return Budgets(ledger or MemoryLedger(clock=lambda: moment), limits, clock=lambda: moment)


async def refusal(reserving: Awaitable[object]) -> Problem:
    with pytest.raises(Problem) as refused:
        await reserving
    return refused.value


async def test_a_user_has_so_many_tokens_a_day_and_others_have_their_own() -> None:
    kept = budgets(Limits(user_tokens=100))
    await kept.settle(await kept.reserve(make_caller(), 60), 60)

    refused = await refusal(kept.reserve(make_caller(), 60))

    assert isinstance(refused, TokensUsedUp)
    assert refused.headers["Retry-After"] == str(HALF_A_DAY)
    assert refused.detail == (
        "Your tokens for today do not suffice for another answer; try again in 43200 s."
    )
    await kept.reserve(make_caller("grace"), 60)


async def test_what_is_only_set_aside_may_be_back_soon() -> None:
    kept = budgets(Limits(user_tokens=100))
    await kept.reserve(make_caller(), 60)

    assert (await refusal(kept.reserve(make_caller(), 60))).headers["Retry-After"] == str(SOON)


async def test_the_next_day_begins_anew_and_what_ends_then_counts_for_the_day_it_began() -> None:
    ledger, limits = MemoryLedger(), Limits(user_tokens=100)
    today = budgets(limits, ledger)
    tomorrow = budgets(limits, ledger, NOON + HALF_A_DAY)
    reservation = await today.reserve(make_caller(), 100)
    await tomorrow.reserve(make_caller(), 100)
    await tomorrow.settle(reservation, 70)

    assert (await today.standing(make_caller())).tokens[0].balance == Balance(70, 0)
    assert (await tomorrow.standing(make_caller())).tokens[0].balance == Balance(0, 100)


async def test_an_api_key_has_its_own_tokens_within_its_owners() -> None:
    kept = budgets(Limits(user_tokens=100, key_tokens=40))
    await kept.settle(await kept.reserve(make_caller(key="one"), 40), 40)

    refused = await refusal(kept.reserve(make_caller(key="one"), 1))

    assert isinstance(refused, TokensUsedUp)
    assert refused.detail.startswith("The API key's tokens")
    await kept.settle(await kept.reserve(make_caller(key="two"), 40), 40)
    assert (await refusal(kept.reserve(make_caller(key="three"), 40))).detail.startswith(
        "Your tokens"
    )
    await kept.reserve(make_caller(), 20)


async def test_the_months_tokens_are_everybodys() -> None:
    kept = budgets(Limits(month_tokens=100))
    await kept.settle(await kept.reserve(make_caller(), 60), 60)

    refused = await refusal(kept.reserve(make_caller("grace"), 60))

    assert isinstance(refused, MonthUsedUp)
    assert refused.headers["Retry-After"] == str(HALF_A_DAY)


async def test_so_many_answers_may_be_under_way_at_once() -> None:
    kept = budgets(Limits(user_streams=2, key_streams=1))
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(kept.place(make_caller(key="one")))
        of_key = await refusal(stack.enter_async_context(kept.place(make_caller(key="one"))))
        await stack.enter_async_context(kept.place(make_caller()))
        of_user = await refusal(stack.enter_async_context(kept.place(make_caller())))
        await stack.enter_async_context(kept.place(make_caller("grace")))

    assert isinstance(of_key, TooManyAnswers)
    assert of_key.detail.startswith("No more than 1 of your answers")
    assert of_user.detail.startswith("No more than 2 of your answers")
    assert of_user.headers["Retry-After"] == str(SOON)
    assert [each.taken for each in (await kept.standing(make_caller(key="one"))).streams] == [0, 0]


async def test_a_caller_sees_how_they_stand() -> None:
    kept = budgets(Limits(user_streams=3, user_tokens=100, key_tokens=50, month_tokens=1000))
    async with kept.place(make_caller(key="one")):
        await kept.settle(await kept.reserve(make_caller(key="one"), 30), 20)
        await kept.reserve(make_caller(key="one"), 30)
        standing = await kept.standing(make_caller(key="one"), everyone=True)
    held, tomorrow = Balance(20, 30), int(NOON) + HALF_A_DAY

    assert standing.streams == (Streams("user", 3, 1),)
    assert standing.tokens == (
        Budget("user", 100, held, 86_400, tomorrow),
        Budget("api_key", 50, held, 86_400, tomorrow),
        Budget("everyone", 1000, held, 30 * 86_400, tomorrow),
    )
    assert [each.remaining for each in standing.tokens] == [50, 0, 950]
    assert [each.scope for each in (await kept.standing(make_caller())).tokens] == ["user"]


async def test_without_limits_nothing_is_counted() -> None:
    kept = budgets(Limits())
    async with kept.place(make_caller(key="one")):
        await kept.settle(await kept.reserve(make_caller(key="one"), 10**9), 10**9)
        standing = await kept.standing(make_caller(key="one"), everyone=True)

    assert (standing.tokens, standing.streams) == ((), ())


async def test_a_thousand_at_once_never_take_more_than_there_is(ledger: Ledger) -> None:
    kept = Budgets(ledger, Limits(user_streams=50, user_tokens=3000, month_tokens=5000))
    users = [make_caller(f"user-{number % 2}") for number in range(1000)]
    highest: list[int] = []

    async def answer(user: Caller) -> int:
        try:
            async with kept.place(user):
                reservation = await kept.reserve(user, 100)
                standing = await kept.standing(user, everyone=True)
                highest.extend(each.limit - each.remaining for each in standing.tokens)
                assert all(
                    each.balance.used + each.balance.reserved <= each.limit
                    for each in standing.tokens
                )
                assert standing.streams[0].taken <= 50
                await kept.settle(reservation, 90)
                return 90
        except (TooManyAnswers, TokensUsedUp, MonthUsedUp, LimitUnavailable):
            return 0

    used = sum(await asyncio.gather(*(answer(user) for user in users)))
    await kept.close()

    assert 0 < used <= 5000
    assert max(highest) <= 5000


async def test_what_was_set_aside_is_given_back_even_if_the_caller_is_cancelled(
    ledger: Ledger,
) -> None:
    kept = Budgets(ledger, Limits(user_streams=1, user_tokens=100))
    inside = asyncio.Event()

    async def answer() -> None:
        async with kept.place(make_caller()):
            reservation = await kept.reserve(make_caller(), 100)
            try:
                inside.set()
                await asyncio.sleep(60)
            finally:
                asyncio.current_task().cancel()  # type: ignore[union-attr]  # there is one
                await kept.settle(reservation, 10)

    task = asyncio.create_task(answer())
    await inside.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await kept.close()
    standing = await kept.standing(make_caller())

    assert (standing.tokens[0].balance, standing.streams[0].taken) == (Balance(10, 0), 0)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with running_redis(tmp_path) as server:
        yield server


async def test_who_is_cancelled_while_the_ledger_is_asked_takes_nothing(
    redis: RedisServer, tmp_path: Path
) -> None:
    store = RateStore(redis.uri, seconds=PATIENT)
    kept = open_budgets(make_settings(tmp_path, limit="9/minute"), store)

    async def enter() -> None:
        async with kept.place(make_caller()):
            raise AssertionError("nobody gets here")

    for asking in (kept.reserve(make_caller(), 100), kept.reserve(make_caller(), 10**9), enter()):
        task = asyncio.ensure_future(asking)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await kept.close()
    standing = await kept.standing(make_caller())
    await store.close()

    assert (standing.tokens[0].balance, standing.streams[0].taken) == (Balance(0, 0), 0)


async def test_what_cannot_be_counted_is_refused_and_what_is_under_way_goes_on(
    redis: RedisServer, tmp_path: Path
) -> None:
    store = RateStore(redis.uri, seconds=PATIENT)
    kept = open_budgets(make_settings(tmp_path, limit="9/minute"), store)
    async with kept.place(make_caller()):
        reservation = await kept.reserve(make_caller(), 100)
        redis.stop()
        assert isinstance(await refusal(kept.reserve(make_caller(), 100)), LimitUnavailable)
        async with AsyncExitStack() as stack:
            entering = stack.enter_async_context(kept.place(make_caller()))
            assert isinstance(await refusal(entering), LimitUnavailable)
        await kept.settle(reservation, 10)
    await kept.close()
    await store.close()


@pytest.mark.parametrize(
    ("limit", "scopes"), [("9/minute", ["user", "everyone"]), (None, ["everyone"])]
)
async def test_rate_limit_off_leaves_the_months_ceiling(
    tmp_path: Path, limit: str | None, scopes: list[str]
) -> None:
    kept = open_budgets(make_settings(tmp_path, limit=limit), RateStore())
    standing = await kept.standing(make_caller(), everyone=True)

    assert [each.scope for each in standing.tokens] == scopes
    assert len(standing.streams) == (0 if limit is None else 1)
