from pathlib import Path

import pytest

from api_service.chat.answer import answer
from api_service.chat.events import Citation, Delta, Done, Event, Meta, Sources
from api_service.chat.prompt import read_prompt_file
from api_service.chat.question import Question, Reader, Turn
from api_service.chat.schemas import link
from api_service.ingestion.chunking import split
from api_service.ingestion.loaders import load_book
from api_service.problems import DeadlineExceeded, IndexUnavailable, ModelUnavailable
from api_service.resources import open_resources
from api_service.settings import Settings
from tests.api_service.book import ingest, make_chunk
from tests.api_service.ingestion.books import write_book
from tests.api_service.scripted_faults import drips
from tests.api_service.scripted_openai import (
    breaks_off,
    says,
    scripted_openai,
)
from tests.api_service.service import make_settings


async def events(question: str, settings: Settings) -> list[Event]:
    async with open_resources(settings) as resources:
        stream = answer(Question(question), resources=resources, prompt_file=read_prompt_file())
        return [event async for event in stream]


async def test_pieces_come_as_the_model_says_them_and_then_the_sources(tmp_path: Path) -> None:
    async with scripted_openai() as openai:
        openai.chat = says("A lidar measures", " distance [1].", " So there.")
        settings = make_settings(tmp_path, openai=openai)
        await ingest(settings)
        meta, sources, *pieces, finished = await events("What is a lidar?", settings)

    assert meta == Meta(model="openai:gpt-4o-mini", mode="generated")
    assert isinstance(sources, Sources)
    assert pieces == [
        Delta("A lidar measures"),
        Delta(" distance [1]."),
        Delta(" So there."),
        Citation(n=1, start=0, end=29, supported=True),
    ]
    assert isinstance(finished, Done)
    assert [(n, each.chunk.anchor) for n, each in finished.sources] == [(1, "lidar")]
    assert finished.considered == sources.considered
    assert finished.timings.first_token is not None
    assert finished.timings.retrieval <= finished.timings.first_token <= finished.timings.total
    assert (finished.mode, finished.retrieval) == ("generated", "hybrid")


async def test_a_source_under_a_repeated_heading_opens_that_very_one(tmp_path: Path) -> None:
    pages = {
        "arms.md": "# Arms\n\n## Setup\n\nBolt the arm to the table with four screws.\n\n"
        "## Setup\n\nCalibrate the gripper before each start of the motors.\n"
    }
    book = load_book(write_book(tmp_path / "book", pages), base_url="http://localhost:3000/docs")
    settings = make_settings(tmp_path / "data")
    await ingest(settings, [chunk for page in book.documents for chunk in split(page)])

    for question, anchor in (("What bolts the arm?", "setup"), ("Calibrate when?", "setup-1")):
        done = (await events(question, settings))[-1]
        assert isinstance(done, Done)
        assert not done.refused
        assert [link(each.chunk) for _, each in done.sources] == [
            f"http://localhost:3000/docs/arms#{anchor}"
        ]


async def test_sources_the_answer_does_not_cite_are_left_out(tmp_path: Path) -> None:
    async with scripted_openai() as openai:
        openai.chat = says("The book does not say.")
        settings = make_settings(tmp_path, openai=openai)
        await ingest(settings)
        finished = (await events("lidar", settings))[-1]

    assert isinstance(finished, Done)
    assert (finished.sources, finished.citations, finished.refused) == ((), (), False)
    assert finished.considered


async def test_what_a_source_does_not_say_is_marked(tmp_path: Path) -> None:
    async with scripted_openai() as openai:
        openai.chat = says("A lidar measures distance [1]. It was invented by Romans [1][7].")
        settings = make_settings(tmp_path, openai=openai)
        await ingest(settings)
        *_, right, wrong, finished = await events("What is a lidar?", settings)

    assert right == Citation(n=1, start=0, end=29, supported=True)
    assert wrong == Citation(n=1, start=31, end=60, supported=False)
    assert isinstance(finished, Done)
    assert finished.citations == (right, wrong)
    assert [n for n, _ in finished.sources] == [1]


async def test_weak_evidence_leads_to_the_nearest_sections_and_no_model_is_asked(
    tmp_path: Path,
) -> None:
    async with scripted_openai() as openai:
        settings = make_settings(tmp_path, openai=openai)
        await ingest(settings)
        told = await events("Who won the long distance run of the Olympic games?", settings)
        _, sources, words, finished = told

        assert openai.asked("/chat/completions") == []
        assert isinstance(words, Delta)
        assert words.text.startswith("The book says nothing about that. Nearest to it come:\n\n- [")
        assert isinstance(sources, Sources)
        assert isinstance(finished, Done)
        assert finished.refused
        assert [n for n, _ in finished.sources] == [1, 2, 3]
        assert finished.sources[0][1] == sources.considered[0]
        assert (finished.citations, finished.usage) == ((), None)
        assert finished.timings.first_token is None


async def test_where_the_books_own_sentences_do_not_answer_that_is_a_refusal(
    tmp_path: Path,
) -> None:
    await ingest(make_settings(tmp_path), [make_chunk("Cables and more:", heading="Cables")])
    _, _, words, finished = await events("What about cables?", make_settings(tmp_path))

    assert words == Delta(
        "The book says nothing about that. Nearest to it come:\n\n"
        "- [Sensors > Cables](http://localhost:3000/docs/sensors#cables)"
    )
    assert isinstance(finished, Done)
    assert finished.refused


async def test_where_nothing_is_found_no_model_is_asked(tmp_path: Path) -> None:
    async with scripted_openai() as openai:
        await ingest(make_settings(tmp_path))
        _, _, first, finished = await events("zxcv", make_settings(tmp_path, openai=openai))

        assert first == Delta("The book says nothing about that.")
        assert isinstance(finished, Done)
        assert (finished.refused, finished.sources) == (True, ())
        assert openai.asked("/chat/completions") == []


async def test_without_an_index_no_model_answers_from_memory(tmp_path: Path) -> None:
    async with scripted_openai() as openai:
        settings = make_settings(tmp_path, openai=openai, qdrant_url="http://127.0.0.1:1")
        with pytest.raises(IndexUnavailable):
            await events("What is a lidar?", settings)

        assert openai.asked("/chat/completions") == []


async def test_an_answer_ends_at_its_deadline(tmp_path: Path) -> None:
    async with scripted_openai() as openai:
        openai.chat = drips(*["A lidar "] * 100, seconds=0.05)
        settings = make_settings(tmp_path, openai=openai, deadline=0.4)
        await ingest(settings)
        with pytest.raises(DeadlineExceeded):
            await events("lidar", settings)


async def test_a_stream_that_breaks_off_is_not_taken_for_an_answer(tmp_path: Path) -> None:
    async with scripted_openai() as openai:
        openai.chat = breaks_off("A lidar measures")
        settings = make_settings(tmp_path, openai=openai)
        await ingest(settings)
        with pytest.raises(ModelUnavailable):
            await events("lidar", settings)


async def test_the_model_reads_what_stands_around_the_passages_found(tmp_path: Path) -> None:
    parts = [
        make_chunk(text, page="Walking", heading="Gaits", ordinal=n)
        for n, text in enumerate(["Before it.", "A trot is a gait.", "After it.", "Far away."])
    ]
    async with scripted_openai() as openai:
        openai.chat = says("A gait [1].")
        settings = make_settings(tmp_path, openai=openai)
        await ingest(make_settings(tmp_path), parts)
        finished = (await events("trot", settings))[-1]
        alone = settings.model_copy(update={"context_tokens": 0})
        await events("trot", alone)
        with_context, without = (
            body["messages"][0]["content"] for body in openai.asked("/chat/completions")
        )

    assert "Before it.\n\nA trot is a gait.\n\nAfter it." in with_context
    assert "Far away." not in with_context
    assert "Before it." not in without
    assert isinstance(finished, Done)
    assert [(n, each.chunk) for n, each in finished.sources] == [(1, parts[1])]
    assert not finished.reranked


async def test_a_follow_up_is_answered_in_the_books_words_without_a_model(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    await ingest(settings)
    history = (Turn("user", "What is a lidar?"), Turn("assistant", "A sensor."))
    asked = Question("What blinds it?", history)
    async with open_resources(settings) as resources:
        stream = answer(asked, resources=resources, prompt_file=read_prompt_file())
        told = [event async for event in stream]
    (words,) = [event for event in told if isinstance(event, Delta)]

    assert "Rain and dust blind a lidar. [1]" in words.text


async def test_a_model_reads_the_conversation_the_passage_and_the_reader(tmp_path: Path) -> None:
    history = (Turn("user", "What is a lidar?"), Turn("assistant", "It measures distance [1]."))
    asked = Question(
        "How does the gait of two beats look?",
        history,
        selected_text="Trotting is a gait of two beats.",
        page_url="/docs/walking",
        reader=Reader("Python", "none", "walking robots"),
    )
    async with scripted_openai() as openai:
        openai.chat = says("Like that [1].")
        settings = make_settings(tmp_path, openai=openai)
        await ingest(settings)
        async with open_resources(settings) as resources:
            stream = answer(asked, resources=resources, prompt_file=read_prompt_file())
            finished = [event async for event in stream][-1]
        (body,) = openai.asked("/chat/completions")
    told = body["messages"][0]["content"]

    assert 'software: "Python"\nhardware: "none"\ninterest: "walking robots"' in told
    assert '<turn by="companion">\nIt measures distance.\n</turn>' in told
    assert "<marked>\nTrotting is a gait of two beats.\n</marked>" in told
    assert '<source n="1" place="Walking > Gaits">' in told
    assert body["messages"][1]["content"] == asked.message
    assert isinstance(finished, Done)
    assert finished.sources[0][1].chunk.anchor == "gaits"
