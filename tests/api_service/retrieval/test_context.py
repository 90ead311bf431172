from dataclasses import replace

import pytest

from api_service.documents import ScoredChunk
from api_service.embedders.bm25 import query_terms
from api_service.retrieval.context import Beside, blended, preferring, with_context
from tests.api_service.book import GAIT, IMU, LIDAR


def test_words_read_beside_a_question_count_less_than_its_own() -> None:
    terms = with_context(
        query_terms("range of a lidar"),
        [Beside("lidar and dust", 0.3), Beside("dust and rain", 0.1)],
        "english",
    )
    weights = dict(zip(terms.indices, terms.values, strict=True))
    (lidar,), (dust,), (rain,) = (query_terms(word).indices for word in ("lidar", "dust", "rain"))

    assert weights[lidar] == 1
    assert weights[dust] == pytest.approx(0.3)
    assert weights[rain] == pytest.approx(0.1)


def test_a_question_of_stop_words_is_searched_by_what_stands_beside_it() -> None:
    assert with_context(query_terms("what is it?"), [Beside("lidar", 0.3)], "english").indices == (
        query_terms("lidar").indices
    )


def test_vectors_are_added_by_their_weights() -> None:
    assert blended([(1.0, 0.0), (0.0, 2.0)], [1.0, 0.5]) == (1.0, 1.0)


@pytest.mark.parametrize(
    "page",
    [
        "http://localhost:3000/docs/walking",
        "https://book.test/docs/walking/#gaits",
        "https://book.test/docs/walking.html?theme=dark",
        "/docs/walking/index.html",
    ],
)
def test_chunks_of_the_open_page_come_before_those_as_good(page: str) -> None:
    ranked = [ScoredChunk(LIDAR, 1.0), ScoredChunk(GAIT, 0.9), ScoredChunk(IMU, 0.2)]

    assert [each.chunk for each in preferring(page, ranked)] == [GAIT, LIDAR, IMU]


def test_what_merely_stands_on_the_open_page_does_not_come_first() -> None:
    ranked = [ScoredChunk(LIDAR, 1.0), ScoredChunk(GAIT, 0.5)]

    assert [each.chunk for each in preferring(GAIT.url, ranked)] == [LIDAR, GAIT]


@pytest.mark.parametrize("page", ["", "https://book.test", "http://[", "https://book.test/other"])
def test_an_unknown_page_leaves_the_order(page: str) -> None:
    ranked = [ScoredChunk(LIDAR, 1.0), ScoredChunk(replace(GAIT, url=""), 0.9)]

    assert preferring(page, ranked) == ranked
    assert preferring(GAIT.url, []) == []
