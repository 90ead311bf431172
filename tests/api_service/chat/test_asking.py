import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api_service.budget_problems import TokensUsedUp, TooManyAnswers
from api_service.budgets import Balance
from api_service.chat.asking import ask
from api_service.chat.events import Delta, Done, Event
from api_service.chat.prompt import BUDGET, read_prompt_file
from api_service.chat.question import Question
from api_service.chat.spending import most_tokens
from api_service.identity.caller import Caller
from api_service.problems import LimitUnavailable, ModelUnavailable
from api_service.resources import Resources, open_resources
from api_service.settings import Settings
from tests.api_service.book import ingest
from tests.api_service.scripted_openai import (
    ScriptedOpenAI,
    breaks_off,
    refuses,
    says,
    says_then_hangs,
    scripted_openai,
    sends,
)
from tests.api_service.service import make_settings
from tests.service_kit.redis_server import running_redis

ADA = Caller(
    user_id="ada",
    session_id="session",
    email="",
    name="",
    software_background="",
    hardware_background="",
    interest_area="",
    issued_at=datetime.now(UTC),
    expires_at=None,
)
QUESTION = Question("What is a lidar?")
PROMPT_FILE = read_prompt_file()
BILLED = (
    'data: {"choices": [{"index": 0, "delta": {"content": "A lidar [1]."}}]}\n\n'
    'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\n'
    'data: {"choices": [], "usage": {"prompt_tokens": 1234, "completion_tokens": 56, '
    '"total_tokens": 1290}}\n\n'
    "data: [DONE]\n\n"
)
"""An answer and what it took, as the vendor tells it."""


@asynccontextmanager
async def opened(
    folder: Path,
    openai: ScriptedOpenAI | None = None,
    counted_in: str = "memory://",
    **changes: object,
) -> AsyncIterator[Resources]:
    settings: Settings = make_settings(
        folder, openai=openai, limit="100/minute", counted_in=counted_in
    )
    settings = settings.model_copy(update=changes)
    await ingest(settings)
    async with open_resources(settings) as resources:
        yield resources


def asked(resources: Resources, question: Question = QUESTION) -> AsyncGenerator[Event]:
    return ask(question, ADA, resources=resources, prompt_file=PROMPT_FILE)


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
        openai.chat = sends(BILLED, "text/event-stream")
        done = [event async for event in asked(resources)][-1]
        held = await tokens(resources)

    assert isinstance(done, Done)
    assert held == Balance(1290, 0)


async def test_answers_in_the_books_own_words_and_refusals_take_no_tokens(tmp_path: Path) -> None:
    async with opened(tmp_path) as resources:
        assert [event async for event in asked(resources)]
        extractive = await tokens(resources)
    async with scripted_openai() as openai:
        settings = make_settings(tmp_path, openai=openai, limit="100/minute")
        async with open_resources(settings) as resources:
            assert [event async for event in asked(resources, Question("zxcv"))]
            refused = await tokens(resources)

    assert extractive == refused == Balance()


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


@pytest.mark.parametrize(("scene", "free"), [(refuses(401), True), (breaks_off("A"), False)])
async def test_a_model_that_does_not_answer_takes_none_but_one_that_breaks_off_does(
    tmp_path: Path, scene: object, free: bool
) -> None:
    async with scripted_openai() as openai, opened(tmp_path, openai) as resources:
        openai.chat = scene  # type: ignore[assignment]  # parametrized values are objects
        with pytest.raises(ModelUnavailable):
            assert [event async for event in asked(resources)]
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
        done = [event async for event in asked(resources)][-1]
        held = await tokens(resources)

        assert openai.asked("/chat/completions") == []
    assert isinstance(done, Done)
    assert (done.mode, len(done.sources) > 0) == ("extractive", True)
    assert held == Balance()


async def test_no_more_answers_are_under_way_than_may_be(tmp_path: Path) -> None:
    async with opened(tmp_path, chat_streams=1) as resources:
        async with aclosing(asked(resources)) as first:
            await anext(first)
            with pytest.raises(TooManyAnswers):
                await anext(asked(resources))
        assert [event async for event in asked(resources)]


@pytest.fixture(params=["memory", "redis"])
def counted_in(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "memory":
        yield "memory://"
        return
    with running_redis(tmp_path) as redis:
        yield redis.uri


async def test_a_thousand_questions_at_once_never_take_more_than_a_budget(
    tmp_path: Path, counted_in: str
) -> None:
    most = most_tokens(QUESTION)
    async with (
        scripted_openai() as openai,
        opened(
            tmp_path, openai, counted_in, chat_streams=500, chat_tokens_a_day=3 * most + 1
        ) as resources,
    ):
        openai.chat = sends(BILLED, "text/event-stream")

        async def answered() -> bool:
            try:
                async for _ in asked(resources):
                    held = await tokens(resources)
                    assert held.used + held.reserved <= 3 * most + 1
                    assert await places(resources) <= 500
            except (TokensUsedUp, TooManyAnswers, LimitUnavailable):
                return False
            return True

        answers = sum(await asyncio.gather(*(answered() for _ in range(1000))))
        held = await tokens(resources)

    assert answers >= 1
    assert held.used + held.reserved <= 3 * most + 1
    if counted_in == "memory://":  # a Redis may be too far for a machine that is this busy
        assert held == Balance(1290 * answers, 0)
