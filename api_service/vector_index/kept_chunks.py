"""Chunks of an index in this process that were read before: a book's come up again and again."""

from collections.abc import Collection

import qdrant_edge as qdrant

from api_service.documents import Chunk
from api_service.vector_index.engine_search import chunks

MOST = 2048
"""Chunks kept, a few megabytes; where there are more, all are forgotten and read anew."""


class KeptChunks:
    """Chunks by their ids, as long as nothing in the shard changes; read by one thread alone."""

    def __init__(self, shard: qdrant.EdgeShard) -> None:
        self._shard = shard
        self._kept: dict[str, Chunk | None] = {}

    def of(self, ids: Collection[str]) -> dict[str, Chunk]:
        """Return the stored ones of these chunks by their ids; the call blocks."""
        if new := [id_ for id_ in ids if id_ not in self._kept]:
            if len(self._kept) + len(new) > MOST:
                self._kept, new = {}, list(ids)
            self._kept |= dict.fromkeys(new) | chunks(self._shard, new)
        return {id_: chunk for id_ in ids if (chunk := self._kept[id_]) is not None}
