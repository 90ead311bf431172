"""What stands around a passage found: a reader of it reads on, and so does a language model."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from api_service.documents import Chunk, ScoredChunk
from api_service.token_counts import passage_tokens
from api_service.vector_index import Found, VectorIndex


async def with_surroundings(found: Found, index: VectorIndex, tokens: int) -> Found:
    """Join what goes on in its section, what leads to it, and the opening above to each chunk.

    The best chunk is served first, each with what is nearest to it first, as long as the tokens
    last. Nothing is joined that was found itself, and nothing twice.

    Args:
        found: By a search of the same index.
        index: Asked once, where there is something to ask for.
        tokens: Most that may be joined to all together, in tokens of cl100k.

    Raises:
        IndexUnavailable: The index does not answer.
    """
    taken = {scored.chunk.id for scored in found.chunks}
    # An id is a hash, and a reader waits: each is made once.
    places = [list(_around(scored.chunk)) for scored in found.chunks]
    wanted = {place for around in places for place in around} - taken
    if not wanted or not tokens:
        return found
    stored = await index.chunks(wanted, found.generation)
    left = tokens
    joined: list[ScoredChunk] = []
    for scored, ids in zip(found.chunks, places, strict=True):
        around = []
        for id_ in ids:
            if (near := stored.get(id_)) is None or id_ in taken:
                continue
            cost = passage_tokens(near.text)
            if cost <= left:
                left -= cost
                taken.add(id_)
                around.append(near)
        joined.append(_joined(scored, around))
    return replace(found, chunks=tuple(joined))


def _around(chunk: Chunk) -> Iterator[str]:
    """Yield the ids of those around it, the nearest first."""
    yield chunk.id_at(chunk.anchor, chunk.ordinal + 1)
    if chunk.ordinal:
        yield chunk.id_at(chunk.anchor, chunk.ordinal - 1)
    if chunk.parent is not None:
        yield chunk.id_at(chunk.parent, 0)


def _joined(scored: ScoredChunk, around: Sequence[Chunk]) -> ScoredChunk:
    chunk = scored.chunk
    above = [each for each in around if each.anchor != chunk.anchor]
    beside = [each for each in around if each.anchor == chunk.anchor]
    return replace(
        scored,
        before=(*above, *(each for each in beside if each.ordinal < chunk.ordinal)),
        after=tuple(each for each in beside if each.ordinal > chunk.ordinal),
    )
