import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from api_service.budget_problems import TokensUsedUp
from api_service.chat.events import Delta, Done, Event
from api_service.chat.prompt import parse
from api_service.chat.question import Question, Reader, Turn
from api_service.chat.spending import most_tokens
from api_service.identity.caller import Caller
from api_service.llms import Usage
from api_service.problems import BookMissing, DeadlineExceeded, ModelUnavailable
from api_service.resources import Resources, open_resources
from api_service.vector_index import LiveIndex, VectorIndex
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
from tests.api_service.scripted_faults import drips
from tests.api_service.scripted_openai import (
    ScriptedOpenAI,
    refuses,
    says,
    says_then_hangs,
    scripted_openai,
)
from tests.api_service.scripted_reranker import scripted_reranker
from tests.api_service.scripted_reranker import sends as reranker_sends
from tests.api_service.service import make_settings

GRACE = make_caller("grace")

KEPT = 10
"""Answers that are kept."""


def keeping(folder: Path, openai: ScriptedOpenAI) -> AbstractAsyncContextManager[Resources]:
    return opened(folder, openai, answer_cache=KEPT)


def text(events: Sequence[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Delta))


def last(events: Sequence[Event]) -> Done:
    assert isinstance(events[-1], Done)
    return events[-1]


async def used(resources: Resources, of: Caller) -> int:
    return (await resources.budgets.standing(of)).tokens[0].balance.used


async def test_the_same_question_is_answered_again_and_costs_nothing(tmp_path: Path) -> None:
    async with scripted_openai() as openai, keeping(tmp_path, openai) as resources:
        openai.chat = BILLED
        first = await heard(asked(resources))
        second = await heard(asked(resources, of=GRACE))
        times_asked = len(openai.asked("/chat/completions"))
        spent = await used(resources, ADA), await used(resources, GRACE)

    assert times_asked == 1
    assert second[:-1] == first[:-1]
    assert last(first).usage == Usage(1234, 56)
    assert last(second).usage == Usage(0, 0)
    assert last(second).timings.total < last(first).timings.total
    assert replace(last(second), usage=None, timings=last(first).timings) == replace(
        last(first), usage=None
    )
    assert spent == (TAKEN, 0)


@pytest.mark.parametrize(
    "other",
    [
        replace(QUESTION, message="What is a lidar"),
        replace(QUESTION, selected_text="Rain and dust blind a lidar."),
        replace(QUESTION, page_url="http://localhost:3000/docs/sensors"),
        replace(QUESTION, reader=Reader()),
        replace(QUESTION, reader=Reader(software_background="Python", interest_area="drones")),
    ],
    ids=["words", "selected text", "page", "no background", "another background"],
)
async def test_an_answer_to_something_else_is_not_given(tmp_path: Path, other: Question) -> None:
    async with scripted_openai() as openai, keeping(tmp_path, openai) as resources:
        await heard(asked(resources))
        await heard(asked(resources, other))
        times_asked = len(openai.asked("/chat/completions"))

    assert times_asked == 2


async def test_readers_who_are_described_alike_hear_the_same_answer(tmp_path: Path) -> None:
    alike = replace(QUESTION, reader=Reader(software_background=" Python\n"))
    async with scripted_openai() as openai, keeping(tmp_path, openai) as resources:
        await heard(asked(resources))
        await heard(asked(resources, alike))
        times_asked = len(openai.asked("/chat/completions"))

    assert times_asked == 1


async def test_what_belongs_to_a_conversation_is_never_shared(tmp_path: Path) -> None:
    question = replace(QUESTION, history=(Turn("user", "Hello."), Turn("assistant", "Hello.")))
    async with scripted_openai() as openai, keeping(tmp_path, openai) as resources:
        for _ in range(2):
            await heard(asked(resources, question))
        await heard(asked(resources))
        await asyncio.gather(*(heard(asked(resources, question)) for _ in range(2)))
        times_asked = len(openai.asked("/chat/completions"))

    assert times_asked >= 5


async def test_another_prompt_means_another_answer(tmp_path: Path) -> None:
    texts = {name: each.template for name, each in PROMPT_FILE.templates.items()}
    other = parse({**texts, "answer": f"{texts['answer']}\n"})
    async with scripted_openai() as openai, keeping(tmp_path, openai) as resources:
        await heard(asked(resources))
        await heard(asked(resources, prompt_file=other))
        times_asked = len(openai.asked("/chat/completions"))

    assert times_asked == 2


async def test_another_book_means_another_answer(tmp_path: Path) -> None:
    async with scripted_openai() as openai, keeping(tmp_path, openai) as resources:
        await heard(asked(resources))
        await put_a_copy_in_place(resources.index)
        await heard(asked(resources))
        times_asked = len(openai.asked("/chat/completions"))

    assert times_asked == 2


async def put_a_copy_in_place(index: VectorIndex) -> None:
    live = cast("LiveIndex", index)  # what it is, though readers need less
    name = await live.copy()
    copy = await live.opened(name)
    await copy.close()
    await live.adopt(name)


async def test_without_a_book_nothing_is_shared(tmp_path: Path, qdrant_url: str | None) -> None:
    settings = make_settings(tmp_path, qdrant_url=qdrant_url)
    settings = settings.model_copy(update={"answer_cache": KEPT})
    async with open_resources(settings) as resources:
        for _ in range(2):
            with pytest.raises(BookMissing):
                await heard(asked(resources))


async def test_those_who_ask_at_once_hear_one_answer_that_the_first_pays_for(
    tmp_path: Path,
) -> None:
    async with scripted_openai() as openai, keeping(tmp_path, openai) as resources:
        openai.chat = BILLED
        answers = await asyncio.gather(*(heard(asked(resources)) for _ in range(5)))
        times_asked = len(openai.asked("/chat/completions"))
        spent = await used(resources, ADA)

    assert {text(each) for each in answers} == {"A lidar [1]."}
    assert sorted(last(each).usage == Usage(0, 0) for each in answers) == [False] + [True] * 4
    assert (times_asked, spent) == (1, TAKEN)


async def test_an_answer_goes_on_for_those_who_stay_and_ends_with_the_last(tmp_path: Path) -> None:
    async with scripted_openai() as openai, keeping(tmp_path, openai) as resources:
        openai.chat = says_then_hangs("A lidar")
        async with aclosing(asked(resources, of=GRACE)) as second:
            async with aclosing(asked(resources)) as first:
                await until_first_words(first)
                await until_first_words(second)
            assert not openai.abandoned.is_set()
        await asyncio.wait_for(openai.abandoned.wait(), 5)
        spent = await used(resources, ADA), await used(resources, GRACE)

    assert spent[0] > 100
    assert spent[1] == 0


async def until_first_words(events: AsyncGenerator[Event]) -> None:
    async for event in events:
        if isinstance(event, Delta):
            return


async def test_a_failure_is_everybodys_and_is_not_kept(tmp_path: Path) -> None:
    async with scripted_openai() as openai, keeping(tmp_path, openai) as resources:
        openai.chat = refuses(401)
        failures = await asyncio.gather(
            *(heard(asked(resources)) for _ in range(3)), return_exceptions=True
        )
        openai.chat = says("A lidar [1].")
        answer = await heard(asked(resources))

    assert [type(each) for each in failures] == [ModelUnavailable] * 3
    assert text(answer) == "A lidar [1]."


async def test_an_answer_without_embeddings_is_not_kept_where_there_are_some(
    tmp_path: Path,
) -> None:
    async with scripted_openai() as openai, keeping(tmp_path, openai) as resources:
        embeddings, openai.embeddings = openai.embeddings, refuses(401)
        assert last(await heard(asked(resources))).retrieval == "bm25"
        openai.embeddings = embeddings
        times_asked = len(openai.asked("/chat/completions"))
        await heard(asked(resources))

        assert len(openai.asked("/chat/completions")) == times_asked + 1


async def test_an_answer_without_a_reranker_is_not_kept_where_there_is_one(tmp_path: Path) -> None:
    async with scripted_openai() as openai, scripted_reranker() as reranker:
        ranks, reranker.scene = reranker.scene, reranker_sends({}, 503)
        async with opened(
            tmp_path, openai, answer_cache=KEPT, reranker=reranker.url, reranker_model="m"
        ) as resources:
            assert not last(await heard(asked(resources))).reranked
            reranker.scene = ranks
            for _ in range(2):
                assert last(await heard(asked(resources))).reranked

        assert len(openai.asked("/chat/completions")) == 2


async def test_an_answer_is_complete_even_if_nobody_can_tell_whether_to_keep_it(
    tmp_path: Path,
) -> None:
    events: list[Event] = []
    async with scripted_openai() as openai, keeping(tmp_path, openai) as resources:
        openai.chat = drips("A lidar measures ", "distance [1].", seconds=0.2)
        async for event in asked(resources):
            if isinstance(event, Delta):
                await resources.index.close()
            events.append(event)

    assert text(events) == "A lidar measures distance [1]."
    assert [each.n for each in last(events).citations] == [1]


async def test_whether_the_book_is_the_same_is_told_within_the_time_of_the_answer(
    tmp_path: Path,
) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        settings = make_settings(tmp_path, qdrant_url=f"http://127.0.0.1:{port}", deadline=0.4)
        settings = settings.model_copy(update={"answer_cache": KEPT})
        async with open_resources(settings) as resources:
            with pytest.raises(DeadlineExceeded):
                await heard(asked(resources))


async def test_where_the_first_cannot_pay_the_next_one_does(tmp_path: Path) -> None:
    budget = most_tokens(QUESTION) + 100
    async with (
        scripted_openai() as openai,
        opened(tmp_path, openai, answer_cache=KEPT, chat_tokens_a_day=budget) as resources,
    ):
        openai.chat = BILLED
        await heard(asked(resources, replace(QUESTION, message="What is a gait?")))
        answers = await asyncio.gather(
            heard(asked(resources)), heard(asked(resources, of=GRACE)), return_exceptions=True
        )
        again = await heard(asked(resources))

    assert isinstance(answers[0], TokensUsedUp)
    assert text(answers[1]) == "A lidar [1]."  # type: ignore[arg-type]  # no failure
    assert text(again) == "A lidar [1]."


async def test_unless_it_is_asked_for_nothing_is_kept(tmp_path: Path) -> None:
    async with scripted_openai() as openai, opened(tmp_path, openai) as resources:
        await heard(asked(resources))
        await heard(asked(resources))

        assert len(openai.asked("/chat/completions")) == 2
