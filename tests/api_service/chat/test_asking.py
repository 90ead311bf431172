import asyncio
from contextlib import aclosing
from pathlib import Path

import pytest

from api_service.budget_problems import TokensUsedUp, TooBusy, TooManyAnswers
from api_service.budgets import Balance
from api_service.chat.events import Delta, Done
from api_service.chat.prompt import BUDGET
from api_service.chat.question import Question, Turn
from api_service.chat.spending import most_tokens
from api_service.llms import Usage
from api_service.problems import IndexUnavailable, LimitUnavailable, ModelUnavailable
from api_service.resources import Resources, open_resources
from tests.api_service.callers import make_caller
from tests.api_service.chat.asking import (
    ADA,
    BILLED,
    PROMPT_FILE,
    QUESTION,
    TAKEN,
    asked,
    heard,
    opened,
)
from tests.api_service.left_behind import nothing_left_behind
from tests.api_service.scripted_faults import hangs, in_turn
from tests.api_service.scripted_openai import (
    breaks_off,
    refuses,
    says,
    says_then_hangs,
    scripted_openai,
)
from tests.api_service.service import make_settings


async def tokens(resources: Resources) -> Balance:
    return (await resources.budgets.standing(ADA)).tokens[0].balance


async def places(resources: Resources) -> int:
    return (await resources.budgets.standing(ADA)).streams[0].taken


async def test_tokens_are_set_aside_before_and_counted_when_the_last_event_is_read(
    tmp_path: Path,
) -> None:
    async with scripted_openai() as openai, opened(tmp_path, openai) as resources:
        openai.chat = says("A lidar measures distance [1].")
        held = [
            (await tokens(resources), await places(resources))
            async for event in asked(resources)
            if isinstance(event, Delta | Done)
        ]

    assert held[0] == (Balance(0, most_tokens(QUESTION)), 1)
    assert held[-1][0].reserved == 0
    assert 100 < held[-1][0].used < BUDGET
    assert held[-1][1] == 0


async def test_the_vendors_own_count_is_what_counts(tmp_path: Path) -> None:
    async with scripted_openai() as openai, opened(tmp_path, openai) as resources:
        openai.chat = BILLED
        done = (await heard(asked(resources)))[-1]
        held = await tokens(resources)

    assert isinstance(done, Done)
    assert held == Balance(TAKEN, 0)


async def test_answers_in_the_books_own_words_and_refusals_take_no_tokens(tmp_path: Path) -> None:
    async with opened(tmp_path) as resources:
        assert await heard(asked(resources))
        extractive = await tokens(resources)
    async with scripted_openai() as openai:
        settings = make_settings(tmp_path, openai=openai, limit="100/minute")
        async with open_resources(settings) as resources:
            assert await heard(asked(resources, Question("zxcv")))
            refused = await tokens(resources)

    assert extractive == refused == Balance()


async def test_beyond_the_crowd_a_question_is_refused_at_once_and_a_place_is_given_back(
    tmp_path: Path,
) -> None:
    async with (
        scripted_openai() as openai,
        opened(tmp_path, openai, answers_at_once=1) as resources,
    ):
        openai.chat = says_then_hangs("A lidar")
        async with aclosing(asked(resources)) as events:
            async for event in events:
                if isinstance(event, Delta):
                    break
            with pytest.raises(TooBusy) as refused:
                await heard(asked(resources, of=make_caller("grace")))
        openai.chat = BILLED
        assert await heard(asked(resources))

    assert refused.value.headers["Retry-After"] == "2"


async def test_a_reader_who_leaves_has_taken_what_was_said_and_asked(tmp_path: Path) -> None:
    async with scripted_openai() as openai, opened(tmp_path, openai) as resources:
        openai.chat = says_then_hangs("A lidar")
        async with aclosing(asked(resources)) as events:
            async for event in events:
                if isinstance(event, Delta):
                    break
        await asyncio.wait_for(openai.abandoned.wait(), 5)
        held, taken = await tokens(resources), await places(resources)

    assert held.reserved == 0
    assert held.used > 100
    assert taken == 0


FOLLOW_UP = Question(
    "And its range?",
    history=(Turn("user", "What is a lidar?"), Turn("assistant", "A sensor that measures [1].")),
)
REWRITTEN = says("What is the range of a lidar?", usage=(50, 5))


async def test_a_follow_up_takes_what_putting_it_anew_and_answering_it_took(tmp_path: Path) -> None:
    async with scripted_openai() as openai, opened(tmp_path, openai) as resources:
        openai.chat = in_turn(REWRITTEN, BILLED)
        done = (await heard(asked(resources, FOLLOW_UP)))[-1]
        held = await tokens(resources)

    assert isinstance(done, Done)
    assert done.usage == Usage(50 + 1234, 5 + TAKEN - 1234)
    assert held == Balance(TAKEN + 55, 0)


@pytest.mark.parametrize(
    "said", ["A lidar measures distance [1].", PROMPT_FILE.canary], ids=["told", "not told"]
)
async def test_what_a_part_of_took_is_not_told_for_the_whole(tmp_path: Path, said: str) -> None:
    async with scripted_openai() as openai, opened(tmp_path, openai) as resources:
        openai.chat = in_turn(REWRITTEN, says(said))
        done = (await heard(asked(resources, FOLLOW_UP)))[-1]
        held = await tokens(resources)

    assert isinstance(done, Done)
    assert done.usage is None
    assert held.reserved == 0
    assert held.used > 500  # the prompt alone


async def test_a_reader_who_leaves_while_the_question_is_put_anew_has_taken_that(
    tmp_path: Path,
) -> None:
    async with scripted_openai() as openai, opened(tmp_path, openai) as resources:
        openai.chat = hangs()
        for question, free in ((FOLLOW_UP, False), (QUESTION, True)):
            before = await tokens(resources)
            asking = asyncio.create_task(until_it_is_searched(resources, question))
            if free:
                await asking
            else:
                await asyncio.wait_for(openai.reached.wait(), 5)
                asking.cancel()
                await asyncio.gather(asking, return_exceptions=True)
            held = await tokens(resources)

            assert held.reserved == 0
            assert (held.used == before.used) == free


async def until_it_is_searched(resources: Resources, question: Question) -> None:
    async with aclosing(asked(resources, question)) as events:
        await anext(events)
        if question.history:
            await anext(events)


@pytest.mark.parametrize(("scene", "free"), [(refuses(401), True), (breaks_off("A"), False)])
async def test_a_model_that_does_not_answer_takes_none_but_one_that_breaks_off_does(
    tmp_path: Path, scene: object, free: bool
) -> None:
    async with scripted_openai() as openai, opened(tmp_path, openai) as resources:
        openai.chat = scene  # type: ignore[assignment]  # parametrized values are objects
        with pytest.raises(ModelUnavailable):
            assert await heard(asked(resources))
        held = await tokens(resources)

    assert held.reserved == 0
    assert (held.used == 0) == free


async def test_who_has_no_tokens_left_is_refused_before_anybody_is_asked(tmp_path: Path) -> None:
    async with (
        scripted_openai() as openai,
        opened(tmp_path, openai, chat_tokens_a_day=1000) as resources,
    ):
        openai.requests.clear()
        with pytest.raises(TokensUsedUp):
            await anext(asked(resources))
        assert openai.requests == []
        assert await places(resources) == 0


@pytest.mark.parametrize(("day", "month"), [(1000, 10**8), (10**6, 1000)])
async def test_without_tokens_the_book_answers_in_its_own_words_where_that_is_the_fallback(
    tmp_path: Path, day: int, month: int
) -> None:
    async with (
        scripted_openai() as openai,
        opened(
            tmp_path, openai, fallback="extractive", chat_tokens_a_day=day, tokens_a_month=month
        ) as resources,
    ):
        done = (await heard(asked(resources)))[-1]
        held = await tokens(resources)

        assert openai.asked("/chat/completions") == []
    assert isinstance(done, Done)
    assert (done.mode, len(done.sources) > 0) == ("extractive", True)
    assert held == Balance()


async def test_where_one_search_fails_no_other_goes_on(tmp_path: Path) -> None:
    marked = Question("What is a lidar?", selected_text="Rain and dust blind a lidar.")
    async with scripted_openai() as openai, opened(tmp_path, openai) as resources:
        await heard(asked(resources, marked))  # what it opens and keeps is open
        openai.embeddings = hangs()
        await resources.index.close()
        async with nothing_left_behind(openai):
            with pytest.raises(IndexUnavailable):
                await heard(asked(resources, marked))


async def test_no_more_answers_are_under_way_than_may_be(tmp_path: Path) -> None:
    async with opened(tmp_path, chat_streams=1) as resources:
        async with aclosing(asked(resources)) as first:
            await anext(first)
            with pytest.raises(TooManyAnswers):
                await anext(asked(resources))
        assert await heard(asked(resources))


async def test_a_thousand_questions_at_once_never_take_more_than_a_budget(
    tmp_path: Path, counted_in: str
) -> None:
    most = most_tokens(QUESTION)
    budget = 3 * most + 1
    async with (
        scripted_openai() as openai,
        opened(
            tmp_path,
            openai,
            counted_in=counted_in,
            chat_streams=500,
            chat_tokens_a_day=budget,
        ) as resources,
    ):
        openai.chat = BILLED

        async def answered() -> bool:
            try:
                async for _ in asked(resources):
                    held = await tokens(resources)
                    assert held.used + held.reserved <= budget
                    assert await places(resources) <= 500
            except (TokensUsedUp, TooManyAnswers, LimitUnavailable):
                return False
            return True

        answers = sum(await asyncio.gather(*(answered() for _ in range(1000))))
        held = await tokens(resources)

    assert answers >= 1
    assert held.used + held.reserved <= budget
    if counted_in == "memory://":  # a Redis may be too far for a machine that is this busy
        assert held == Balance(TAKEN * answers, 0)
