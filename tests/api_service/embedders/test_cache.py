"""Vectors kept on disk: paid for once, and never a reason to fail."""

import asyncio
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from api_service.embedders.cache import CachedEmbedder
from api_service.problems import ModelUnavailable


class Counting:
    """An embedder that remembers what it was asked, and fails when it is told to."""

    def __init__(self, name: str = "acme:small", dimensions: int = 2) -> None:
        self.name = name
        self.dimensions = dimensions
        self.asked: list[str] = []
        self.fails = False
        self.seconds = 0.0
        self.is_closed = False

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        if self.fails:
            raise ModelUnavailable("not now")
        self.asked += texts
        await asyncio.sleep(self.seconds)
        return [[float(len(text)), 0.5, *[0.25] * (self.dimensions - 2)] for text in texts]

    async def close(self) -> None:
        self.is_closed = True


def cached(
    embedder: Counting, folder: Path, *, most: int = 10**9, remarks: list[str] | None = None
) -> CachedEmbedder:
    said = [] if remarks is None else remarks
    return CachedEmbedder(embedder, folder / "data" / "vectors.sqlite", most, said.append)


async def test_a_text_is_embedded_once_in_this_run_and_the_next(tmp_path: Path) -> None:
    first = Counting()
    embedder = cached(first, tmp_path)
    assert await embedder.embed(["a", "bb", "a"]) == [[1.0, 0.5], [2.0, 0.5], [1.0, 0.5]]
    assert first.asked == ["a", "bb"]
    await embedder.close()
    assert first.is_closed
    second = Counting()
    embedder = cached(second, tmp_path)
    assert await embedder.are_missing(["bb", "ccc"]) == [False, True]
    assert await embedder.embed_noting(["bb", "ccc"]) == ([[2.0, 0.5], [3.0, 0.5]], [False, True])
    assert second.asked == ["ccc"]
    await embedder.close()


@pytest.mark.parametrize(("name", "dimensions"), [("acme:large", 2), ("acme:small", 3)])
async def test_another_model_or_length_has_vectors_of_its_own(
    tmp_path: Path, name: str, dimensions: int
) -> None:
    embedder = cached(Counting(), tmp_path)
    await embedder.embed(["a"])
    await embedder.close()
    other = Counting(name, dimensions)
    embedder = cached(other, tmp_path)
    assert len((await embedder.embed(["a"]))[0]) == dimensions
    assert other.asked == ["a"]
    await embedder.close()


async def test_many_texts_are_looked_up_at_once(tmp_path: Path) -> None:
    texts = [str(number) for number in range(1200)]
    for asked in (1200, 0):
        inner = Counting()
        embedder = cached(inner, tmp_path)
        vectors = await embedder.embed(texts)
        assert (len(vectors), len(inner.asked)) == (1200, asked)
        await embedder.close()


async def test_what_was_asked_for_longest_ago_makes_room(tmp_path: Path) -> None:
    embedder = cached(Counting(dimensions=256), tmp_path, most=2_000_000)
    await embedder.embed(["old"])
    await embedder.close()
    file = tmp_path / "data" / "vectors.sqlite"
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE vectors SET used = 1")
    connection.close()
    embedder = cached(Counting(dimensions=256), tmp_path, most=2_000_000)
    for start in range(0, 4000, 100):
        await embedder.embed([f"new {number}" for number in range(start, start + 100)])
    assert await embedder.are_missing(["old", "new 3999"]) == [True, False]
    await embedder.close()
    assert file.stat().st_size < 3_000_000


@pytest.mark.parametrize("damage", ["before", "meanwhile"])
async def test_a_damaged_file_is_set_aside_said_and_done_without(
    tmp_path: Path, damage: str
) -> None:
    inner, remarks = Counting(), list[str]()
    embedder = cached(inner, tmp_path)
    await embedder.embed([str(number) for number in range(500)])
    await embedder.close()
    file = tmp_path / "data" / "vectors.sqlite"
    if damage == "before":
        file.write_bytes(b"no database" * 1000)
    else:
        file.write_bytes(file.read_bytes()[:4096] + b"\xff" * (file.stat().st_size - 4096))
    embedder = cached(inner, tmp_path, remarks=remarks)
    assert await embedder.embed(["1", "499"]) == [[1.0, 0.5], [3.0, 0.5]]
    await embedder.close()
    assert len(remarks) == 1
    assert "is damaged" in remarks[0]
    assert file.with_name("vectors.sqlite.damaged").exists()
    embedder = cached(inner, tmp_path, remarks=remarks)
    await embedder.embed(["1"])
    await embedder.close()
    assert len(remarks) == 1


async def test_a_place_that_cannot_be_written_is_said_and_done_without(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where a folder should be")
    inner, remarks = Counting(), list[str]()
    embedder = cached(inner, tmp_path, remarks=remarks)
    for _ in range(2):
        assert await embedder.embed(["a"]) == [[1.0, 0.5]]
    assert inner.asked == ["a", "a"]
    await embedder.close()
    assert len(remarks) == 1
    assert "goes on without it" in remarks[0]


async def test_two_at_once_use_one_file(tmp_path: Path) -> None:
    remarks: list[str] = []
    both = [cached(Counting(), tmp_path, remarks=remarks) for _ in range(2)]
    texts = [str(number) for number in range(200)]
    await asyncio.gather(
        *(one.embed(texts[start : start + 20]) for start in range(0, 200, 20) for one in both)
    )
    assert await both[0].are_missing(texts) == [False] * 200
    for one in both:
        await one.close()
    assert remarks == []


async def test_what_an_interrupted_run_has_paid_for_is_kept(tmp_path: Path) -> None:
    inner = Counting()
    embedder = cached(inner, tmp_path)
    await embedder.embed(["a"])
    inner.fails = True
    with pytest.raises(ModelUnavailable):
        await embedder.embed(["a", "b"])
    assert await embedder.are_missing(["a", "b"]) == [False, True]
    await embedder.close()
