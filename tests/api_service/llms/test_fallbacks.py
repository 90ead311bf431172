import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace

import pytest

from api_service.circuit_breaker import FAILURES
from api_service.llms import LanguageModel, Mode, Prompt, Usage, Writer
from api_service.llms.fallbacks import WithFallbacks
from api_service.problems import ModelUnavailable
from tests.api_service.book import GAIT, scored

PROMPT = Prompt("Answer from these sources.", "What is a gait?", scored(GAIT))
USAGE = Usage(3, 2)


@dataclass
class Speaker:
    """Says its pieces, fails where an exception stands among them, and is silent where None does.

    Attributes:
        wanted_by: By when its first word was wanted, each time it was asked.
        left: How often it was closed before its end.
    """

    pieces: tuple[str | Usage | Exception | None, ...]
    name: str = "test:speaker"
    mode: Mode = "generated"
    wanted_by: list[float] = field(default_factory=list)
    left: int = 0

    async def stream(self, prompt: Prompt) -> AsyncGenerator[str | Usage]:
        self.wanted_by.append(prompt.wanted_by)
        try:
            for piece in self.pieces:
                if isinstance(piece, Exception):
                    raise piece
                if piece is None:
                    await asyncio.sleep(60)
                else:
                    yield piece
        except (asyncio.CancelledError, GeneratorExit):
            self.left += 1
            raise

    async def check(self) -> None:
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece

    async def close(self) -> None:
        self.left = -1


def together(*models: LanguageModel, silence: float = 5.0) -> WithFallbacks:
    return WithFallbacks(models, silence)


async def heard(model: LanguageModel, prompt: Prompt = PROMPT) -> list[str | Usage | Writer]:
    return [piece async for piece in model.stream(prompt)]


async def test_the_first_that_answers_does_and_nobody_else_is_asked() -> None:
    first, second = Speaker(("One", " two", USAGE)), Speaker(("Other",))

    assert await heard(together(first, second)) == ["One", " two", USAGE]
    assert second.wanted_by == []


async def test_who_answers_instead_is_told_before_the_first_word() -> None:
    first = Speaker((ModelUnavailable(),), name="test:first")
    second = Speaker(("Other", USAGE), name="test:second", mode="extractive")
    both = together(first, second)

    assert (both.name, both.mode) == ("test:first", "generated")
    assert await heard(both) == [Writer("test:second", "extractive"), "Other", USAGE]


async def test_an_answer_that_has_begun_is_nobody_elses() -> None:
    second = Speaker(("Other",))
    with pytest.raises(ModelUnavailable):
        await heard(together(Speaker(("One", ModelUnavailable())), second))

    assert second.wanted_by == []


@pytest.mark.parametrize("pieces", [(None,), ("One", None)])
async def test_silence_is_a_failure_before_the_first_word_and_after(
    pieces: tuple[str | None, ...],
) -> None:
    silent = Speaker(pieces)
    with pytest.raises(ModelUnavailable):
        await heard(together(silent, silence=0.05))

    assert silent.left == 1


async def test_who_has_somebody_behind_leaves_them_half_of_the_time() -> None:
    first, second, third = Speaker((None,)), Speaker((None,)), Speaker(("Third",))
    now = asyncio.get_running_loop().time()
    pieces = await heard(together(first, second, third), replace(PROMPT, wanted_by=now + 1))

    assert pieces[-1] == "Third"
    assert first.wanted_by[0] - now == pytest.approx(0.5, abs=0.2)
    assert second.wanted_by[0] - now == pytest.approx(0.75, abs=0.2)
    assert third.wanted_by == [now + 1]


async def test_where_none_answers_the_first_that_may_again_says_when() -> None:
    speakers = [Speaker((ModelUnavailable(retry_after=after),)) for after in (30, 7, 60)]
    with pytest.raises(ModelUnavailable) as caught:
        await heard(together(*speakers))

    assert caught.value.headers["Retry-After"] == "7"


async def test_who_failed_again_and_again_is_passed_over() -> None:
    first, second = Speaker((ModelUnavailable(),)), Speaker(("Other",))
    both = together(first, second)
    for _ in range(FAILURES + 2):
        assert (await heard(both))[-1] == "Other"

    assert len(first.wanted_by) == FAILURES
    assert len(second.wanted_by) == FAILURES + 2


async def test_readers_who_leave_do_not_count_against_a_model() -> None:
    speaker = Speaker(("One", None))
    model = together(speaker)
    for _ in range(FAILURES + 1):
        async with aclosing(model.stream(PROMPT)) as pieces:
            assert await anext(pieces) == "One"

    assert speaker.left == FAILURES + 1


async def test_one_that_lives_is_enough() -> None:
    dead, alive = Speaker((ModelUnavailable(),)), Speaker(())

    await together(dead, alive).check()
    await together(alive, dead).check()
    with pytest.raises(ModelUnavailable):
        await together(dead, dead).check()


async def test_all_are_closed() -> None:
    speakers = [Speaker(()), Speaker(())]
    await together(*speakers).close()

    assert [each.left for each in speakers] == [-1, -1]
