import asyncio
from pathlib import Path

from api_service.chat.finding import SOURCES, Sought, find
from api_service.chat.prompt import read_prompt_file
from api_service.chat.question import Question, Turn
from api_service.llms import Usage
from api_service.resources import open_resources
from api_service.settings import Settings
from tests.api_service.book import BOOK, GAIT, IMU, LIDAR, ingest, make_chunk
from tests.api_service.scripted_openai import refuses, says, says_then_hangs, scripted_openai
from tests.api_service.service import make_settings

CONVERSATION = (Turn("user", "What is a lidar?"), Turn("assistant", "It measures distance [1]."))
RAIN = [make_chunk(f"Water and air, part {n}.", heading=f"Weather {n}") for n in range(3)]


async def sought(question: Question, settings: Settings) -> Sought:
    async with open_resources(settings) as resources:
        return await find(question, resources, read_prompt_file())


def found_first(result: Sought) -> str:
    return result.found.chunks[0].chunk.anchor


async def test_a_follow_up_finds_what_its_conversation_is_about(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    await ingest(settings, [*BOOK, *RAIN])
    alone = await sought(Question("What blinds it?"), settings)
    within = await sought(Question("How does it do that?", CONVERSATION), settings)

    assert alone.standalone == "What blinds it?"
    assert found_first(within) == "lidar"
    assert within.standalone == "What is a lidar? How does it do that?"


async def test_another_subject_is_found_whatever_was_said_before(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    await ingest(settings)
    result = await sought(Question("What is a gait?", CONVERSATION), settings)

    assert found_first(result) == "gaits"
    assert result.standalone == "What is a gait?"


async def test_what_a_model_makes_of_a_follow_up_is_searched_for(tmp_path: Path) -> None:
    async with scripted_openai() as openai:
        settings = make_settings(tmp_path, openai=openai)
        await ingest(settings)
        openai.requests.clear()
        openai.chat = says("In which order do the legs of a walking machine touch the ground?")
        result = await sought(Question("And its order?", CONVERSATION), settings)
        (put,) = openai.asked("/chat/completions")

    assert result.standalone.startswith("In which order do the legs")
    assert found_first(result) == "gaits"
    assert put["messages"][1]["content"] == "And its order?"
    assert "What is a lidar?" in put["messages"][0]["content"]
    assert "It measures distance." in put["messages"][0]["content"]


async def test_a_question_that_stands_alone_is_searched_once_and_no_model_is_asked(
    tmp_path: Path,
) -> None:
    async with scripted_openai() as openai:
        settings = make_settings(tmp_path, openai=openai)
        await ingest(settings)
        openai.requests.clear()
        result = await sought(Question("What is a gait?", CONVERSATION), settings)

        assert result.usage is None
        assert [path for path, _ in openai.requests] == ["/embeddings"]
        assert openai.asked("/embeddings")[0]["input"] == ["What is a gait?", "What is a lidar?"]


async def test_a_question_the_model_leaves_as_it_is_is_searched_once(tmp_path: Path) -> None:
    async with scripted_openai() as openai:
        settings = make_settings(tmp_path, openai=openai)
        await ingest(settings)
        openai.requests.clear()
        openai.chat = says("How does it see?")
        result = await sought(Question("How does it see?", CONVERSATION), settings)

        assert sorted(path for path, _ in openai.requests) == ["/chat/completions", "/embeddings"]
    assert result.standalone == "What is a lidar? How does it see?"
    assert found_first(result) == "lidar"


async def test_a_model_that_fails_leaves_what_was_found_without_it(tmp_path: Path) -> None:
    async with scripted_openai() as openai:
        settings = make_settings(tmp_path, openai=openai)
        await ingest(settings)
        openai.chat = refuses(500)
        result = await sought(Question("How does it see?", CONVERSATION), settings)

    assert found_first(result) == "lidar"
    assert result.standalone == "What is a lidar? How does it see?"


async def test_a_reader_who_leaves_ends_the_call_that_puts_a_question_anew(tmp_path: Path) -> None:
    async with scripted_openai() as openai:
        settings = make_settings(tmp_path, openai=openai)
        await ingest(settings)
        openai.chat = says_then_hangs("How far")
        async with open_resources(settings) as resources:
            asked = Question("How does it see?", CONVERSATION)
            finding = asyncio.create_task(find(asked, resources, read_prompt_file()))
            await asyncio.wait_for(openai.reached.wait(), 5)
            finding.cancel()
            await asyncio.gather(finding, return_exceptions=True)
            await asyncio.wait_for(openai.abandoned.wait(), 1)


async def test_a_model_that_hangs_is_not_waited_for(tmp_path: Path) -> None:
    async with scripted_openai() as openai:
        settings = make_settings(tmp_path, openai=openai)
        await ingest(settings)
        openai.chat = says_then_hangs("How far")
        result = await asyncio.wait_for(
            sought(Question("How does it see?", CONVERSATION), settings), 10
        )

    assert found_first(result) == "lidar"


async def test_a_marked_passage_leads_the_sources(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    await ingest(settings)
    asked = Question("How do the legs touch the ground?", selected_text=IMU.text[90:])
    result = await sought(asked, settings)

    assert [each.chunk for each in result.found.chunks[:2]] == [IMU, GAIT]
    scores = [each.score for each in result.found.chunks]
    assert scores == sorted(scores, reverse=True)


async def test_a_passage_the_book_does_not_hold_is_no_source(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    await ingest(settings)
    forged = "Says the lidar of this book: all robots must be sold at once."
    result = await sought(Question("Explain this", selected_text=forged), settings)

    assert {each.chunk for each in result.found.chunks} <= set(BOOK)
    assert result.standalone == f"{forged} Explain this"


async def test_the_open_page_comes_before_others_as_good(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    pages = [
        make_chunk(f"The torque of motor {name} is limited.", page=f"Arm {name}") for name in "abc"
    ]
    await ingest(settings, pages)
    for page in pages:
        result = await sought(Question("limited torque", page_url=f"{page.url}/#x"), settings)
        assert result.found.chunks[0].chunk == page


async def test_no_more_sources_are_found_with_a_passage_than_without(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    words = (
        "gear",
        "belt",
        "motor",
        "screw",
        "spring",
        "valve",
        "wheel",
        "brake",
        "chain",
        "shaft",
    )
    many = [make_chunk(f"A robot's {word} turns.", heading=word) for word in words]
    await ingest(settings, [*many, LIDAR])
    result = await sought(Question("robot", selected_text=LIDAR.text), settings)

    assert len(result.found.chunks) == SOURCES
    assert result.found.chunks[0].chunk == LIDAR


async def test_what_the_model_took_is_told(tmp_path: Path) -> None:
    async with scripted_openai() as openai:
        settings = make_settings(tmp_path, openai=openai)
        await ingest(settings)
        openai.chat = says("How does a lidar see?", usage=(50, 6))
        result = await sought(Question("How does it see?", CONVERSATION), settings)

    assert (result.standalone, result.usage) == ("How does a lidar see?", Usage(50, 6))
