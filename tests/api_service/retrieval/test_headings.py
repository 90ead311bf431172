from dataclasses import replace

from api_service.documents import Chunk, ScoredChunk
from api_service.retrieval.headings import HEADING_WEIGHT, raised
from tests.api_service.book import GAIT, IMU, LIDAR, NODE, make_chunk


def scored(*chunks: Chunk) -> tuple[ScoredChunk, ...]:
    return tuple(ScoredChunk(chunk, 10 - rank) for rank, chunk in enumerate(chunks))


def test_a_section_under_the_questions_own_words_comes_first() -> None:
    mentions = make_chunk("A node of ROS 2 can be created. " * 3, heading="Everything")
    ordered = raised("How do I create a ROS 2 node?", scored(mentions, LIDAR, NODE), "english")

    assert [each.chunk for each in ordered] == [NODE, mentions, LIDAR]


def test_title_and_heading_count_together() -> None:
    setup, other = (
        make_chunk("Plug it in.", page=page, heading="Calibration") for page in ("SO-100", "Koch")
    )
    ordered = raised("calibration of the SO-100", scored(other, setup), "english")

    assert [each.chunk for each in ordered] == [setup, other]


def test_one_shared_word_of_many_hardly_counts() -> None:
    before = scored(GAIT, IMU)
    after = raised("the units in which temperature drift of a gait is measured", before, "english")

    assert [each.chunk for each in after] == [GAIT, IMU]
    assert 0 < after[1].score - before[1].score < 0.3 * HEADING_WEIGHT * before[0].score


def test_a_question_without_words_leaves_the_order() -> None:
    ranked = scored(GAIT, IMU)

    assert raised("what is it", ranked, "english") == list(ranked)
    assert raised("gait", [], "english") == []
    bare = replace(make_chunk("A gait."), heading_path=(), title="")
    assert raised("gait", scored(bare), "english") == list(scored(bare))
