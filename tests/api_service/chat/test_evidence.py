from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from api_service.chat.evidence import (
    ENOUGH,
    ENOUGH_BY_BOTH,
    PROMINENT,
    Evidence,
    nearest,
    refusal,
    weighed,
)
from api_service.chat.refusals import NOTHING_FOUND
from api_service.documents import Chunk, ScoredChunk
from api_service.resources import open_resources
from api_service.retrieval.retriever import Retriever, retrieve
from api_service.vector_index import Found
from tests.api_service.book import GAIT, IMU, LIDAR, ingest, make_chunk, scored
from tests.api_service.service import make_settings


@pytest_asyncio.fixture(scope="module")
async def retriever(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Retriever]:
    settings = make_settings(tmp_path_factory.mktemp("book"))
    await ingest(settings)
    async with open_resources(settings) as resources:
        await retrieve("so that the book's words are read", resources.retriever, limit=1)
        yield resources.retriever


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What is a lidar?", True),
        ("What is a ldiar?", True),  # spelt as the book spells it
        ("Which gait has two beats?", True),
        ("Please explain to me what the book says about gyroscopes", True),
        ("What is a souffl\u00e9?", False),
        ("Who won the distance run at the cup in Rome?", False),
        ("What is it?", False),
        ("", False),
    ],
)
async def test_a_passage_must_hold_enough_of_what_is_asked(
    retriever: Retriever, question: str, expected: bool
) -> None:
    found = Found(scored(IMU, LIDAR, GAIT), "bm25")

    assert weighed([question], found, retriever).enough == expected


def share(question: str, *chunks: Chunk, retriever: Retriever) -> float:
    return weighed([question], Found(scored(*chunks), "bm25"), retriever).share


def test_nothing_found_is_no_evidence(retriever: Retriever) -> None:
    nothing = Found((), "hybrid", prominence=1.0)

    assert weighed(["What is a lidar?"], nothing, retriever) == Evidence(0.0)


def test_terms_the_book_seldom_has_count_more(retriever: Retriever) -> None:
    asked = "Which sensors and wombats?"  # two chunks of the book have sensors
    sensors, wombats = (make_chunk(text, page="") for text in ("Sensors.", "Wombats."))
    before = replace(retriever, spelling=None)

    assert 0 < share(asked, sensors, retriever=retriever) < 0.5
    assert 0.5 < share(asked, wombats, retriever=retriever) < 1
    assert share(asked, sensors, retriever=before) == 0.5
    assert share(asked, wombats, retriever=before) == 0.5


def test_what_is_joined_to_a_passage_counts(retriever: Retriever) -> None:
    (alone,) = scored(make_chunk("It works."))
    joined = replace(alone, after=(LIDAR,))

    assert weighed(["What is a lidar?"], Found((alone,), "bm25"), retriever).share == 0
    assert weighed(["What is a lidar?"], Found((joined,), "bm25"), retriever).share == 1


def test_scores_do_not_matter(retriever: Retriever) -> None:
    found = Found((ScoredChunk(LIDAR, -7.0),), "bm25")

    assert weighed(["What is a lidar?"], found, retriever).enough


@pytest.mark.parametrize(
    ("share", "prominence", "expected"),
    [
        (ENOUGH, None, True),
        (ENOUGH - 0.01, None, False),
        (ENOUGH, 0.0, False),
        (ENOUGH_BY_BOTH - 0.1, 0.11, True),
        (ENOUGH_BY_BOTH, 0.0, True),
        (0.0, PROMINENT, True),
        (0.0, PROMINENT - 0.01, False),
    ],
)
def test_where_meaning_was_compared_more_is_asked_for(
    share: float, prominence: float | None, expected: bool
) -> None:
    assert Evidence(share, prominence).enough == expected


def test_a_refusal_leads_to_the_nearest_sections_each_once() -> None:
    more = make_chunk("More on gaits.", page="Walking", heading="Gaits", ordinal=1)
    sections = list(nearest(scored(GAIT, more, LIDAR, IMU, make_chunk("Another."))))

    assert [n for n, _ in sections] == [1, 3, 4]
    assert refusal([section for _, section in sections], "What?") == (
        f"{NOTHING_FOUND} Nearest to it come:\n\n"
        "- [Walking > Gaits](http://localhost:3000/docs/walking#gaits)\n"
        "- [Sensors > Lidar](http://localhost:3000/docs/sensors#lidar)\n"
        "- [Sensors > Inertial measurement units]"
        "(http://localhost:3000/docs/sensors#inertial-measurement-units)"
    )
    assert refusal([], "What?") == NOTHING_FOUND


def test_a_heading_cannot_end_its_link() -> None:
    chunk = replace(
        make_chunk("Text."),
        heading_path=("A](https://evil.test) `b`\n![c",),
        url="http://localhost:3000/docs/a (b)",
        anchor="c)d",
    )

    assert refusal(scored(chunk), "What?").splitlines()[-1] == (
        r"- [A\]\(https://evil.test\) \`b\` \!\[c](http://localhost:3000/docs/a%20%28b%29#c%29d)"
    )


def test_a_page_without_headings_goes_by_its_title() -> None:
    chunk = replace(make_chunk("Text."), heading_path=(), anchor="")

    assert refusal(scored(chunk), "What?").endswith(
        "- [Sensors](http://localhost:3000/docs/sensors)"
    )
