"""A cell gone through: before the fault, with it, and after it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from service_kit.health import FRESH_SECONDS
from tests.faults.cells import FAULTS, Dependency, Fault, Question, S, Seen
from tests.faults.service_process import Left

PAUSE_SECONDS = 2.0
"""Between two rounds of asking."""

LOOK_SECONDS = 0.2
"""Between two looks whether a dependency that is back is used again."""

SETTLED_SECONDS = 10.0
"""Within these nothing may be left of what was asked."""

TOLD_SECONDS = FRESH_SECONDS + 0.1
"""How old what a service tells of itself may be: its metrics a second, its readiness two."""

WARM_SECONDS = 20.0
"""What services that all start at once may cost one another."""

MEGABYTES = 12.0
"""What a process may hold more than before: allocators keep what they have had once."""


async def warmed(dependency: Dependency[S], site: S) -> None:
    """Ask everything while all is there: pools fill, and what is imported late is imported."""
    for _ in range(2):
        await _recovered(dependency, site, f"{dependency.name}, before any fault", WARM_SECONDS)


async def gone_through(
    dependency: Dependency[S], site: S, fault: Fault, *, patience: float = 0.0
) -> Seen:
    """Have the fault, ask, and have it end; return what was seen.

    Args:
        dependency: What has the fault.
        site: Where.
        fault: Which.
        patience: Seconds that everything may take longer, where the machine is busy with others.

    Raises:
        AssertionError: Something was not as documented.
    """
    where = f"{dependency.name}, {fault}"
    mode, seconds = FAULTS[fault]
    before = await _settled(site.service.held)
    await site.proxy.turn(mode)
    ends_at = time.monotonic() + max(seconds, dependency.lasts.get(fault, 0.0))
    await asyncio.sleep(dependency.felt)
    worst: list[tuple[str, float]] = [("", 0.0)] * len(dependency.questions)
    while True:
        rounds = await _asked(dependency.questions, site)
        for index, (question, answers) in enumerate(zip(dependency.questions, rounds, strict=True)):
            for text, took in answers:
                said = f"{where}: {question.name} was answered {text!r} after {took:.1f} s"
                assert text == question.documented(fault), said
                assert took <= question.seconds + patience, said
            longest = max(took for _, took in answers)
            worst[index] = (answers[0][0], max(longest, worst[index][1]))
        if time.monotonic() + PAUSE_SECONDS >= ends_at:
            break
        await asyncio.sleep(PAUSE_SECONDS)
    await asyncio.sleep(max(0.0, ends_at - time.monotonic()))
    await site.proxy.turn("open")
    recovered = await _recovered(dependency, site, where, patience)
    return Seen(tuple(worst), recovered, await _left(dependency, site, before, where))


async def _recovered(dependency: Dependency[S], site: S, where: str, patience: float) -> float:
    """Return the seconds until everything is answered as before."""
    began = time.monotonic()
    while True:
        asked = time.monotonic() - began
        rounds = await _asked(dependency.questions, site)
        wrong = [
            f"{question.name}: {text}"
            for question, answers in zip(dependency.questions, rounds, strict=True)
            for text, _ in answers
            if text != question.well
        ]
        if not wrong:
            return asked
        assert asked < dependency.recovery + patience, f"{where}: not as before: {wrong}"
        await asyncio.sleep(LOOK_SECONDS)


async def _asked(questions: Sequence[Question[S]], site: S) -> list[list[tuple[str, float]]]:
    """Ask everything at the same time; return each question's answers, and their seconds."""

    async def one(question: Question[S]) -> tuple[str, float]:
        began = time.monotonic()
        return await question.ask(site), time.monotonic() - began

    async def all_of(question: Question[S]) -> list[tuple[str, float]]:
        return list(await asyncio.gather(*(one(question) for _ in range(question.at_once))))

    return list(await asyncio.gather(*(all_of(question) for question in questions)))


async def _settled(held: Callable[[], Awaitable[Left]]) -> Left:
    """Return what a service holds once that no longer falls."""
    now = await held()
    for _ in range(round(SETTLED_SECONDS)):
        last = now
        await asyncio.sleep(TOLD_SECONDS)
        now = await held()
        if now.tasks >= last.tasks and now.files >= last.files:
            break
    return now


async def _left(dependency: Dependency[S], site: S, before: Left, where: str) -> Left:
    """Return what is left once nothing is, or at the end of the time for it."""
    give_up_at = time.monotonic() + SETTLED_SECONDS
    while True:
        left = (await site.service.held()).less(before)
        pooled = left.files <= dependency.pool
        if left.tasks <= 0 and pooled and left.megabytes <= MEGABYTES:
            return left
        assert time.monotonic() < give_up_at, f"{where}: left behind: {left}"
        await asyncio.sleep(0.5)
