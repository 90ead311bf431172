import re
from pathlib import Path

import pytest

from api_service.evaluation.judged_sets import read_set
from api_service.evaluation.retrieval import Quality, quality, report, run_lines, search_all
from api_service.settings import BookSettings
from tests.api_service.evaluation.sets import write_set
from tests.api_service.models import MODEL, RETRIEVAL, needs_model, needs_sets
from tests.api_service.scripted_openai import after, embeds, scripted_openai
from tests.api_service.scripted_reranker import scripted_reranker
from tests.api_service.service import make_settings

SLOWLY = 0.2
"""Seconds an embedder takes that is slower than any search."""


def ignore(done: int, total: int) -> None:
    assert done <= total


def local_settings() -> BookSettings:
    pytest.importorskip("fastembed", reason="needs the extra `local`")
    return make_settings(Path()).model_copy(update={"embedding_model": f"local:{MODEL}"})


async def test_without_an_embedder_terms_alone_are_measured(tmp_path: Path) -> None:
    judged = read_set(write_set(tmp_path))
    found = await search_all(judged, make_settings(tmp_path / "elsewhere"), ignore)

    assert list(found) == ["bm25"]
    # The first question shares no word with its document, the second finds its own first.
    assert quality(judged, found["bm25"]) == Quality(0.5, 0.5, 0.5, 0.5)
    assert not (tmp_path / "elsewhere").exists()


@needs_model
async def test_with_an_embedder_each_ranking_and_both_are_measured(tmp_path: Path) -> None:
    judged = read_set(write_set(tmp_path))
    found = await search_all(judged, local_settings(), ignore)

    assert list(found) == ["bm25", "dense", "hybrid"]
    assert quality(judged, found["hybrid"]) == Quality(1, 1, 1, 1)
    lines = report(judged, found).splitlines()
    assert lines[0] == "3 documents, 2 judged queries"
    assert [line.split()[0] for line in lines[2:]] == ["bm25", "dense", "hybrid"]
    assert re.fullmatch(r"hybrid( +1\.0000){4}( +\d+\.\d\d){2}", lines[4])


async def test_a_run_file_names_each_document_once_best_first(tmp_path: Path) -> None:
    long = " ".join(f"The legs of robot {n} touch the ground." for n in range(200))
    corpus = (
        f'{{"_id": "d1", "title": "Walking", "text": "{long}"}}\n'
        '{"_id": "d2", "title": "", "text": "Legs on the ground."}\n'
    )
    judged = read_set(write_set(tmp_path, corpus=corpus))
    found = await search_all(judged, make_settings(tmp_path), ignore)
    lines = [line.split() for line in run_lines(found["bm25"], "mine").splitlines()]

    asked = [line for line in lines if line[0] == "q2"]
    assert {line[2] for line in asked} == {"d1", "d2"}
    assert [line[3] for line in asked] == ["1", "2"]
    assert float(asked[0][4]) >= float(asked[1][4])
    assert {(line[1], line[5]) for line in lines} == {("Q0", "mine")}


@needs_sets
@pytest.mark.parametrize(("name", "least"), [("xquad-en", 0.97), ("mtrag-un-general", 0.788)])
async def test_terms_alone_find_passages_of_public_sets(
    name: str, least: float, tmp_path: Path
) -> None:
    judged = read_set(RETRIEVAL / name)
    found = await search_all(judged, make_settings(tmp_path), ignore)

    assert quality(judged, found["bm25"]).ndcg_10 >= least


async def test_with_a_reranker_its_order_is_measured_besides(tmp_path: Path) -> None:
    judged = read_set(write_set(tmp_path))
    async with scripted_reranker() as scripted:
        settings = make_settings(tmp_path).model_copy(update={"reranker": scripted.url})
        found = await search_all(judged, settings, ignore)

    assert list(found) == ["bm25", "reranked"]
    assert quality(judged, found["reranked"]).ndcg_10 == 0.5
    assert [body["query"] for body in scripted.requests] == ["legs on the ground"]


async def test_the_time_of_a_search_includes_the_embedding_of_the_question(tmp_path: Path) -> None:
    judged = read_set(write_set(tmp_path))
    async with scripted_openai() as openai:
        openai.embeddings = after(SLOWLY, embeds())
        found = await search_all(judged, make_settings(tmp_path, openai=openai), ignore)

    assert all(ranking.seconds >= SLOWLY for ranking in found["hybrid"].values())
