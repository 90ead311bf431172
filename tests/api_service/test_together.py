import asyncio

import pytest

from api_service.problems import IndexUnavailable
from api_service.together import together


async def test_all_have_ended_when_it_is_left() -> None:
    async with together() as group:
        one = group.create_task(asyncio.sleep(0, 1))
        two = group.create_task(asyncio.sleep(0.01, "two"))

    assert (one.result(), two.result()) == (1, "two")


async def test_the_first_failure_ends_the_others_and_keeps_its_cause() -> None:
    others: list[asyncio.Task[None]] = []

    async def fails() -> None:
        raise IndexUnavailable("It is away.") from OSError("refused")

    async def one_of_two_fails() -> None:
        async with together() as group:
            others.append(group.create_task(asyncio.sleep(60)))
            group.create_task(fails())

    with pytest.raises(IndexUnavailable) as failure:
        await one_of_two_fails()

    assert isinstance(failure.value.__cause__, OSError)
    assert others[0].cancelled()
