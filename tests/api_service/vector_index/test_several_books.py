"""What holds for the books of one index, in both of its forms."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from api_service.documents import DEFAULT_BOOK
from api_service.embedders.bm25 import query_terms
from api_service.vector_index import (
    COLLECTION,
    Embedding,
    IndexedChunk,
    IndexRefused,
    LiveIndex,
    SparseVector,
)
from api_service.vector_index.embedded import EmbeddedIndex
from api_service.vector_index.server import ServerIndex
from tests.api_service.vector_index.chunks import all_stored, make_stored

NO_TERMS = SparseVector((), ())
RIGHT = Embedding("openai:small", (1.0, 0.0))

Open = Callable[[str], AbstractAsyncContextManager[LiveIndex]]


@pytest.fixture(params=["embedded", "server"])
async def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """Open a book of one and the same index, empty at first."""
    url: str | None = None
    if request.param == "server":
        url = request.getfixturevalue("server_url")
        async with httpx.AsyncClient(base_url=url) as client:
            await client.delete(f"/collections/{COLLECTION}")

    @asynccontextmanager
    async def book(name: str) -> AsyncIterator[LiveIndex]:
        index: LiveIndex = (
            ServerIndex(url, book=name) if url else await EmbeddedIndex.open(tmp_path / "i", name)
        )
        yield index
        await index.close()

    return book


def of(book: str, stored: IndexedChunk) -> IndexedChunk:
    return replace(stored, chunk=replace(stored.chunk, book=book))


async def fill(opened: Open, book: str, *chunks: IndexedChunk) -> None:
    async with opened(book) as index:
        await index.prepare(2 if any(one.embedding for one in chunks) else None)
        await index.write([of(book, one) for one in chunks])


async def texts(opened: Open, book: str, question: str) -> list[str]:
    async with opened(book) as index:
        found = await index.search(query_terms(question), RIGHT, 10)
    return [scored.chunk.text for scored in found.chunks]


async def test_each_book_is_searched_counted_and_listed_alone(opened: Open) -> None:
    await fill(opened, "arms", make_stored("gripper", vector=(1.0, 0.0)))
    await fill(
        opened,
        "legs",
        make_stored("gripper of a leg", vector=(1.0, 0.0)),
        make_stored("knee", ordinal=1, vector=(0.0, 1.0)),
    )
    for book, expected in (("arms", ["gripper"]), ("legs", ["gripper of a leg", "knee"])):
        async with opened(book) as index:
            assert index.book == book
            assert await index.count() == len(expected)
            assert len(await all_stored(index)) == len(expected)
            assert await index.comparable("openai:small", 2) == len(expected)
            assert await index.comparable("openai:large", 2) == 0
            for fusion in ("convex", "dbsf", "rrf"):
                for terms, embedding in (
                    (query_terms("gripper knee"), None),
                    (query_terms("gripper knee"), RIGHT),
                    (NO_TERMS, RIGHT),
                ):
                    found = await index.search(terms, embedding, 10, fusion)
                    assert sorted(each.chunk.text for each in found.chunks) == expected
                    assert {each.chunk.book for each in found.chunks} == {book}
    async with opened("wings") as index:
        assert await index.count() == 0
        assert (await index.search(query_terms("gripper"), RIGHT, 10)).chunks == ()


async def test_what_one_book_writes_and_removes_another_does_not_notice(opened: Open) -> None:
    await fill(opened, "arms", make_stored("gripper"))
    await fill(opened, "legs", make_stored("knee"))  # at the same place in its book
    assert await texts(opened, "arms", "gripper") == ["gripper"]
    async with opened("legs") as index:
        (own,) = await all_stored(index)
        await index.remove([own])
    assert await texts(opened, "arms", "gripper") == ["gripper"]
    assert await texts(opened, "legs", "knee") == []


async def test_how_rare_a_term_is_counts_within_the_book(opened: Open) -> None:
    own = [make_stored("gripper", ordinal=0), make_stored("robot", ordinal=1)]
    await fill(opened, "arms", *own)

    async def scores() -> list[float]:
        async with opened("arms") as index:
            found = await index.search(query_terms("gripper robot"), None, 5)
        return [scored.score for scored in found.chunks]

    alone = await scores()
    await fill(opened, "legs", *(make_stored("robot", ordinal=place) for place in range(50)))
    assert await scores() == pytest.approx(alone)


async def test_vectors_of_another_length_are_refused_while_another_book_has_its_own(
    opened: Open,
) -> None:
    await fill(opened, "arms", make_stored("gripper", vector=(1.0, 0.0)))
    async with opened("legs") as index:
        assert await index.fits(2)
        for attempt in (index.prepare(3), index.fits(3)):
            with pytest.raises(IndexRefused, match="another book, whose vectors have 2 numbers"):
                await attempt
    assert await texts(opened, "arms", "gripper") == ["gripper"]
    async with opened("arms") as index:
        assert await index.comparable("openai:small", 2) == 1
        assert not await index.fits(3)
        await index.prepare(3)


async def test_a_copy_keeps_the_other_books_and_only_the_own_one_is_changed(opened: Open) -> None:
    await fill(opened, "arms", make_stored("gripper", vector=(1.0, 0.0)))
    await fill(opened, "legs", make_stored("knee", vector=(1.0, 0.0)))
    async with opened("legs") as index:
        await index.begin()
        name = await index.copy()
        copy = await index.opened(name)
        assert copy.book == "legs"
        await copy.remove(list(await all_stored(copy)))
        await copy.close()
        await index.adopt(name)
        assert await index.count() == 0
    async with opened("arms") as index:
        assert await index.comparable("openai:small", 2) == 1


async def test_a_book_has_a_name_where_none_is_given(opened: Open) -> None:
    await fill(opened, DEFAULT_BOOK, make_stored("gripper"))
    assert make_stored("gripper").chunk.book == DEFAULT_BOOK
    assert make_stored("gripper").chunk.id != of("arms", make_stored("gripper")).chunk.id
    assert await texts(opened, DEFAULT_BOOK, "gripper") == ["gripper"]
