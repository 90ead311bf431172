import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import get_args

import pytest

from api_service import embedders, rerankers
from api_service.documents import Chunk
from api_service.problems import BookMissing, IndexUnavailable
from api_service.retrieval.context import Beside, Context
from api_service.retrieval.retriever import PER_SECTION, Retriever, retrieve
from api_service.retrieval.spelling import Spelling
from api_service.search_settings import Language
from api_service.vector_index import DEFAULT_FUSION, Found, Fusion
from api_service.vector_index.opening import open_index
from tests.api_service.book import BOOK, GAIT, IMU, LIDAR, ingest, make_chunk
from tests.api_service.scripted_openai import ScriptedOpenAI, refuses, scripted_openai
from tests.api_service.scripted_reranker import Scene, hangs, ranks, scripted_reranker, sends
from tests.api_service.service import make_settings


@asynccontextmanager
async def scripted(data_dir: Path) -> AsyncIterator[ScriptedOpenAI]:
    async with scripted_openai() as openai:
        await ingest(make_settings(data_dir, openai=openai))
        openai.requests.clear()
        yield openai


async def found(
    question: str,
    data_dir: Path,
    *,
    openai: ScriptedOpenAI | None = None,
    limit: int = 5,
    fusion: Fusion = DEFAULT_FUSION,
) -> Found:
    settings = make_settings(data_dir, openai=openai)
    embedder = embedders.choose(settings)
    index = await open_index(settings)
    try:
        return await retrieve(question, Retriever(index, embedder, fusion), limit=limit)
    finally:
        await index.close()
        if embedder:
            await embedder.close()


async def book_of(chunks: Sequence[Chunk], data_dir: Path) -> None:
    await ingest(make_settings(data_dir), chunks)


async def test_the_chunk_that_shares_most_words_comes_first(tmp_path: Path) -> None:
    await book_of(BOOK, tmp_path)
    result = await found("In which order do the legs touch the ground?", tmp_path)

    assert result.chunks[0].chunk.anchor == "gaits"
    assert result.retrieval == "bm25"


@pytest.mark.parametrize("fusion", get_args(Fusion))
@pytest.mark.parametrize("embedded", [True, False], ids=["hybrid", "by terms"])
async def test_what_names_the_identifier_comes_before_what_is_merely_near(
    tmp_path: Path, fusion: Fusion, *, embedded: bool
) -> None:
    near = [make_chunk("The domain of ROS, and its id. " * 3, heading=f"Id {n}") for n in range(6)]
    named = make_chunk("Before any of these scripts, `export ROS_DOMAIN_ID=7`.", heading="Shell")
    async with scripted_openai() as openai:
        vendor = openai if embedded else None
        await ingest(make_settings(tmp_path, openai=vendor), [*near, named])
        result = await found(
            "what does ros_domain_id do for the domain of ROS?",
            tmp_path,
            openai=vendor,
            fusion=fusion,
        )

    assert result.retrieval == ("hybrid" if embedded else "bm25")
    assert result.chunks[0].chunk.anchor == "shell"
    assert len(result.chunks) == 5


async def test_an_identifier_deep_in_every_ranking_is_found_first(tmp_path: Path) -> None:
    long = "many other words about domains of robots and ids of shells, scripts and nodes " * 6
    near = [
        make_chunk(f"Domain, robot, shell, script and node {n}.", heading=f"Id {n}")
        for n in range(120)
    ]
    named = make_chunk(f"{long} `export ROS_DOMAIN_ID=7` {long}", page="Shell")
    await book_of([*near, named], tmp_path)
    asked = "in which shell script of the robot's node is the domain, as ros_domain_id, given?"
    result = await found(asked, tmp_path, limit=3)

    assert result.chunks[0].chunk == named
    assert len(result.chunks) == 3
    scores = [each.score for each in result.chunks]
    assert scores == sorted(scores, reverse=True)


async def test_words_in_quotation_marks_are_found_as_they_stand(tmp_path: Path) -> None:
    apart = [make_chunk("Limits of a joint; joint by joint.", page=f"P {n}") for n in range(9)]
    together = make_chunk("Among much else about arms, the joint limits are told.", page="Arm")
    await book_of([*apart, together], tmp_path)

    assert (await found('"joint limits"', tmp_path)).chunks[0].chunk == together


async def test_a_section_under_the_questions_words_comes_before_what_repeats_them(
    tmp_path: Path,
) -> None:
    section = make_chunk("Turn the screw at its end.", page="Arm", heading="Calibrate the gripper")
    repeats = [make_chunk(f"Gripper {n}: calibrate it.", page=f"Page {n}") for n in range(5)]
    await book_of([*repeats, section], tmp_path)

    assert (await found("calibrate the gripper", tmp_path)).chunks[0].chunk == section


async def test_of_one_text_on_two_pages_one_is_found(tmp_path: Path) -> None:
    again = [make_chunk(LIDAR.text, page=f"Version {n}", heading="Lidar") for n in range(4)]
    await book_of([*again, *BOOK], tmp_path)
    result = await found("what blinds a lidar?", tmp_path, limit=5)

    assert [each.chunk.text for each in result.chunks].count(LIDAR.text) == 1


async def test_a_slip_of_the_pen_is_forgiven(tmp_path: Path) -> None:
    await book_of(BOOK, tmp_path)
    index = await open_index(make_settings(tmp_path))
    spelling = Spelling(index, "english")
    retriever = Retriever(index, spelling=spelling)
    slip = await retrieve("acelerometers and gyrosocpes", retriever, limit=5)
    exact = await retrieve("accelerometers and gyroscopes", retriever, limit=5)
    await spelling.close()
    await index.close()

    assert slip.chunks[0].chunk == exact.chunks[0].chunk == IMU
    assert slip.chunks[0].score < exact.chunks[0].score


async def test_an_identifier_is_found_in_spite_of_a_slip(tmp_path: Path) -> None:
    near = [make_chunk("The domain of ROS.", page=f"Page {n}") for n in range(6)]
    named = make_chunk("Before any of these scripts, `export ROS_DOMAIN_ID=7`.", page="Shell")
    await book_of([*near, named], tmp_path)
    index = await open_index(make_settings(tmp_path))
    spelling = Spelling(index, "english")
    result = await retrieve("ROS_DOMIAN_ID", Retriever(index, spelling=spelling), limit=5)
    await spelling.close()
    await index.close()

    assert result.chunks[0].chunk == named


async def test_what_is_read_beside_a_question_is_searched_for_and_embedded_with_it(
    tmp_path: Path,
) -> None:
    async with scripted(tmp_path) as openai:
        settings = make_settings(tmp_path, openai=openai)
        embedder = embedders.choose(settings)
        index = await open_index(settings)
        context = Context(besides=(Beside("What is a lidar?", 0.3),))
        try:
            result = await retrieve(
                "What blinds it?", Retriever(index, embedder), limit=1, context=context
            )
        finally:
            await index.close()
            if embedder:
                await embedder.close()
        (body,) = openai.asked("/embeddings")

    assert result.chunks[0].chunk == LIDAR
    assert result.retrieval == "hybrid"
    assert body["input"] == ["What blinds it?", "What is a lidar?"]


async def test_a_reranker_reads_a_question_as_it_stands_alone(tmp_path: Path) -> None:
    await book_of(BOOK, tmp_path)
    async with scripted_reranker() as scripted:
        settings = make_settings(tmp_path).model_copy(update={"reranker": scripted.url})
        reranker = rerankers.choose(settings)
        assert reranker
        index = await open_index(settings)
        context = Context((Beside("What is a lidar?", 0.3),), standalone="What blinds a lidar?")
        try:
            await retrieve(
                "What blinds it?", Retriever(index, reranker=reranker), limit=2, context=context
            )
        finally:
            await index.close()
            await reranker.close()

    assert [body["query"] for body in scripted.requests] == ["What blinds a lidar?"]


async def reranked_by(scene: Scene, data_dir: Path, question: str, seconds: float = 5) -> Found:
    async with scripted_reranker() as scripted:
        scripted.scene = scene
        settings = make_settings(data_dir).model_copy(
            update={"reranker": scripted.url, "reranker_seconds": seconds}
        )
        reranker = rerankers.choose(settings)
        assert reranker
        index = await open_index(settings)
        try:
            return await retrieve(question, Retriever(index, reranker=reranker), limit=5)
        finally:
            await index.close()
            await reranker.close()


async def test_a_reranker_has_the_last_word_but_for_what_is_named(tmp_path: Path) -> None:
    await book_of(BOOK, tmp_path)
    plain = await found("lidar, light, axes, gait", tmp_path)
    result = await reranked_by(ranks(), tmp_path, "lidar, light, axes, gait")
    named = await reranked_by(ranks(), tmp_path, "`specific force` of a gait")

    assert result.reranked
    assert not plain.reranked
    assert result.chunks[0].chunk == GAIT
    assert {each.chunk.id for each in result.chunks} == {each.chunk.id for each in plain.chunks}
    assert [each.score for each in result.chunks] == [each.score for each in plain.chunks]
    assert named.chunks[0].chunk == IMU


@pytest.mark.parametrize("scene", [sends({}, 500), hangs])
async def test_a_reranker_that_fails_leaves_the_order(tmp_path: Path, scene: Scene) -> None:
    await book_of(BOOK, tmp_path)
    question = "lidar, light, axes, gait"
    result = await reranked_by(scene, tmp_path, question, seconds=0.2)

    assert result == await found(question, tmp_path)
    assert not result.reranked


async def test_nothing_found_is_not_reranked(tmp_path: Path) -> None:
    await book_of(BOOK, tmp_path)

    result = await reranked_by(ranks(), tmp_path, "zxcv")
    assert (result.chunks, result.retrieval, result.reranked) == ((), "bm25", False)


async def test_nearness_alone_is_neither_corrected_nor_raised(tmp_path: Path) -> None:
    async with scripted(tmp_path) as openai:
        settings = make_settings(tmp_path, openai=openai)
        embedder = embedders.choose(settings)
        index = await open_index(settings)
        result = await retrieve("Gaits", Retriever(index, embedder), limit=2, by="dense")
        await index.close()
        assert embedder
        await embedder.close()

    assert result.retrieval == "dense"
    assert all(each.score <= 1 for each in result.chunks)


@pytest.mark.parametrize(
    ("language", "text", "question"),
    [
        ("german", "Die Greifer wurden kalibriert.", "den Greifern kalibrieren"),
        ("french", "L'apprentissage des robots marcheurs.", "robot marcheur"),
        ("spanish", "Los sensores miden distancias.", "el sensor de distancia"),
        ("chinese", "机器人学习控制理论。", "控制理论"),
        ("japanese", "ロボットの学習を制御する。", "学習の制御"),
        ("english", "로봇이 학습을 제어한다.", "학습"),
    ],
)
async def test_a_book_of_another_language_is_searched_by_its_stems(
    tmp_path: Path, language: Language, text: str, question: str
) -> None:
    settings = make_settings(tmp_path).model_copy(update={"book_language": language})
    await ingest(settings, [make_chunk(text, page="A"), make_chunk("zzz", page="B")])
    index = await open_index(settings)
    spelling = Spelling(index, language)
    retriever = Retriever(index, language=language, spelling=spelling)
    result = await retrieve(question, retriever, limit=5)
    await spelling.close()
    await index.close()

    assert [each.chunk.text for each in result.chunks] == [text]


async def test_no_section_crowds_out_the_others(tmp_path: Path) -> None:
    crowd = [make_chunk(f"The gait number {n}.", ordinal=n) for n in range(6)]
    await book_of([*crowd, make_chunk("A gait among many other words.", page="Other")], tmp_path)
    result = await found("gait", tmp_path)

    sections = [each.chunk.title for each in result.chunks]
    assert sections.count("Sensors") == PER_SECTION
    assert "Other" in sections


async def test_there_are_no_more_chunks_than_asked_for(tmp_path: Path) -> None:
    await book_of(BOOK, tmp_path)
    result = await found("lidar gait axes node", tmp_path, limit=2)

    assert len(result.chunks) == 2


async def test_words_that_are_nowhere_find_nothing(tmp_path: Path) -> None:
    await book_of(BOOK, tmp_path)

    assert (await found("zxcv", tmp_path)).chunks == ()
    assert (await found("what is it", tmp_path)).chunks == ()


async def test_an_embedder_makes_the_search_hybrid(tmp_path: Path) -> None:
    async with scripted(tmp_path) as openai:
        result = await found("lidar", tmp_path, openai=openai)

        assert (result.retrieval, result.chunks[0].chunk.anchor) == ("hybrid", "lidar")
        assert openai.asked("/embeddings")[0]["input"] == ["lidar"]


async def test_an_embedder_that_fails_leaves_the_terms(tmp_path: Path) -> None:
    async with scripted(tmp_path) as openai:
        openai.embeddings = refuses(429)
        result = await found("lidar", tmp_path, openai=openai)

    assert (result.retrieval, result.chunks[0].chunk.anchor) == ("bm25", "lidar")


async def test_an_index_without_chunks_holds_no_book(tmp_path: Path) -> None:
    with pytest.raises(BookMissing):
        await found("lidar", tmp_path)


async def test_an_index_that_is_away_is_not_waited_for(tmp_path: Path) -> None:
    index = await open_index(make_settings(tmp_path, qdrant_url="http://127.0.0.1:1"))
    async with asyncio.timeout(10):
        with pytest.raises(IndexUnavailable):
            await retrieve("lidar", Retriever(index), limit=5)
    await index.close()
