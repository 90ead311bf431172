"""What holds wherever budgets are counted: in this process, and in a real Redis."""

import asyncio
import time

from api_service.budgets import Balance, Counter, Full, Ledger, Places

TOMORROW = int(time.time()) + 86_400
DAY = Counter("tokens:user:ada:today", limit=100, ends_at=TOMORROW)
MONTH = Counter("tokens:everyone:month", limit=150, ends_at=TOMORROW)
TABS = Places("streams:user:ada", limit=2)
KEY = Places("streams:key:k", limit=1)


async def test_what_is_reserved_is_gone_until_it_is_settled(ledger: Ledger) -> None:
    assert await ledger.reserve([DAY], 60) is None
    assert await ledger.balances([DAY]) == [Balance(0, 60)]
    assert await ledger.reserve([DAY], 60) == Full(0, Balance(0, 60))

    await ledger.settle([DAY], reserved=60, used=25)

    assert await ledger.balances([DAY]) == [Balance(25, 0)]
    assert await ledger.reserve([DAY], 75) is None


async def test_a_limit_may_be_used_up_to_its_last_token(ledger: Ledger) -> None:
    assert await ledger.reserve([DAY], 100) is None
    assert await ledger.reserve([DAY], 1) == Full(0, Balance(0, 100))


async def test_where_one_counter_is_full_nothing_is_taken_of_the_others(ledger: Ledger) -> None:
    other = Counter("tokens:user:grace:today", limit=100, ends_at=TOMORROW)
    assert await ledger.reserve([DAY, MONTH], 100) is None

    assert await ledger.reserve([other, MONTH], 60) == Full(1, Balance(0, 100))
    assert await ledger.balances([other, MONTH]) == [Balance(), Balance(0, 100)]


async def test_more_than_was_reserved_is_counted_as_it_was(ledger: Ledger) -> None:
    await ledger.reserve([DAY], 60)
    await ledger.settle([DAY], reserved=60, used=130)

    assert await ledger.balances([DAY]) == [Balance(130, 0)]


async def test_what_was_lost_meanwhile_does_not_become_a_debt(ledger: Ledger) -> None:
    await ledger.settle([DAY], reserved=60, used=25)

    assert await ledger.balances([DAY]) == [Balance(25, 0)]


async def test_of_a_thousand_at_once_no_more_are_let_in_than_there_is_room_for(
    ledger: Ledger,
) -> None:
    wide = Counter("tokens:user:crowd:today", limit=777, ends_at=TOMORROW)
    wider = Counter("tokens:everyone:crowd", limit=10_000, ends_at=TOMORROW)
    highest = 0

    async def one() -> bool:
        nonlocal highest
        if await ledger.reserve([wide, wider], 10) is not None:
            return False
        (held,) = await ledger.balances([wide])
        highest = max(highest, held.used + held.reserved)
        await ledger.settle([wide, wider], reserved=10, used=10)
        return True

    limit = asyncio.Semaphore(
        100
    )  # the connections, not the questions, are what this machine lacks

    async def each() -> bool:
        async with limit:
            return await one()

    let_in = await asyncio.gather(*(each() for _ in range(1000)))

    assert sum(let_in) == 77
    assert highest <= 777
    assert await ledger.balances([wide, wider]) == [Balance(770, 0), Balance(770, 0)]


async def test_places_are_taken_and_given_back(ledger: Ledger) -> None:
    assert await ledger.enter([TABS], "one", 60) is None
    assert await ledger.enter([TABS], "two", 60) is None
    assert await ledger.enter([TABS], "three", 60) == 0
    assert await ledger.taken([TABS, KEY]) == [2, 0]

    await ledger.leave([TABS], "one")
    await ledger.leave([TABS], "one")

    assert await ledger.taken([TABS]) == [1]
    assert await ledger.enter([TABS], "three", 60) is None


async def test_where_one_has_no_place_left_none_is_taken_of_the_others(ledger: Ledger) -> None:
    assert await ledger.enter([KEY], "one", 60) is None
    assert await ledger.enter([TABS, KEY], "two", 60) == 1
    assert await ledger.taken([TABS, KEY]) == [0, 1]


async def test_a_place_nobody_lived_to_leave_is_free_again(ledger: Ledger) -> None:
    assert await ledger.enter([KEY], "one", 0.2) is None
    assert await ledger.enter([KEY], "two", 60) == 0
    await asyncio.sleep(0.3)

    assert await ledger.taken([KEY]) == [0]
    assert await ledger.enter([KEY], "two", 60) is None


async def test_of_a_thousand_at_once_no_more_have_a_place_than_there_are(ledger: Ledger) -> None:
    many = Places("streams:user:crowd", limit=7)

    async def one(number: int) -> bool:
        return await ledger.enter([many], str(number), 60) is None

    assert sum(await asyncio.gather(*(one(number) for number in range(1000)))) == 7
    assert await ledger.taken([many]) == [7]
