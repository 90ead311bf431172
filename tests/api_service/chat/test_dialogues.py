"""Follow-ups about the example book find what the same questions find that stand alone."""

import statistics
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from api_service.chat.answer import answer
from api_service.chat.events import Done
from api_service.chat.finding import find
from api_service.chat.prompt import read_prompt_file
from api_service.chat.question import Question, Turn
from api_service.ingestion.chunking import split
from api_service.ingestion.loaders import load_book
from api_service.resources import Resources, open_resources
from tests.api_service.book import ingest
from tests.api_service.chat.dialogues import DIALOGUES, Dialogue
from tests.api_service.ingestion.books import BASE_URL, EXAMPLE
from tests.api_service.service import make_settings


@pytest_asyncio.fixture(scope="module")
async def book(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Resources]:
    settings = make_settings(tmp_path_factory.mktemp("book"))
    pages = load_book(EXAMPLE, base_url=BASE_URL).documents
    await ingest(settings, [chunk for page in pages for chunk in split(page)])
    async with open_resources(settings) as resources:
        yield resources


async def ranks(book: Resources, questions: Iterator[tuple[Question, Dialogue]]) -> list[float]:
    """Return 1 / rank of each right section, 0 where it is not among the sources."""
    prompt_file = read_prompt_file()
    found: list[float] = []
    for question, dialogue in questions:
        sources = (await find(question, book, prompt_file)).found.chunks
        places = [(each.chunk.path, each.chunk.anchor) for each in sources]
        right = (dialogue.page, dialogue.anchor)
        found.append(1 / (1 + places.index(right)) if right in places else 0.0)
    return found


def following(dialogue: Dialogue) -> Question:
    return Question(
        dialogue.follow_up, (Turn("user", dialogue.first), Turn("assistant", "So it is [1]."))
    )


async def test_at_turn_two_the_right_section_is_found_as_well(book: Resources) -> None:
    alone = await ranks(book, ((Question(each.standalone), each) for each in DIALOGUES))
    follow_ups = await ranks(book, ((following(each), each) for each in DIALOGUES))
    deaf = await ranks(book, ((Question(each.follow_up), each) for each in DIALOGUES))

    assert statistics.fmean(alone) >= 0.8
    assert statistics.fmean(follow_ups) >= 0.95 * statistics.fmean(alone)
    assert statistics.fmean(deaf) <= 0.8 * statistics.fmean(alone)


async def test_after_another_subject_the_right_section_is_found_as_well(book: Resources) -> None:
    before = [DIALOGUES[-1], *DIALOGUES[:-1]]
    shifted = (
        (Question(each.standalone, (Turn("user", other.first),)), each)
        for each, other in zip(DIALOGUES, before, strict=True)
    )
    alone = await ranks(book, ((Question(each.standalone), each) for each in DIALOGUES))

    assert statistics.fmean(await ranks(book, shifted)) >= 0.95 * statistics.fmean(alone)


async def test_without_a_model_follow_ups_are_answered_from_the_right_section_as_often(
    book: Resources,
) -> None:
    alone = await cited(book, ((Question(each.standalone), each) for each in DIALOGUES))
    follow_ups = await cited(book, ((following(each), each) for each in DIALOGUES))
    deaf = await cited(book, ((Question(each.follow_up), each) for each in DIALOGUES))

    assert follow_ups >= 0.9 * alone
    assert deaf <= 0.6 * follow_ups


async def cited(book: Resources, questions: Iterator[tuple[Question, Dialogue]]) -> int:
    """Return how many answers cite the right section."""
    prompt_file = read_prompt_file()
    right = 0
    for question, dialogue in questions:
        told = [event async for event in answer(question, resources=book, prompt_file=prompt_file)]
        done = told[-1]
        assert isinstance(done, Done)
        places = {(each.chunk.path, each.chunk.anchor) for _, each in done.sources}
        right += not done.refused and (dialogue.page, dialogue.anchor) in places
    return right
