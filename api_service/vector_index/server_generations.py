"""The generations of the index on a Qdrant server, and which of them readers are led to.

    textbook_chunks                 an alias: the live generation
    textbook_chunks-<hex>           a generation: a collection of its own
    textbook_chunks-next            an alias that is there for a moment, see `lead_readers_to`
    textbook_chunks-ingestion-<n>   the lock of an ingestion, see server_lock.py

Before schema 2 the collection itself was called textbook_chunks. It is read as it is, and the next
ingestion puts a generation in its place. Whatever an ingestion leaves behind that was broken off is
a collection no alias leads to: a whole copy is gone on with by the next one, all else removed.
"""

import asyncio
import re
import time
from dataclasses import dataclass
from uuid import uuid4

import httpx
import structlog
from qdrant_client import AsyncQdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

from api_service.problems import IndexUnavailable
from api_service.vector_index import SCHEMA, IndexRefused, Made
from api_service.vector_index.points import BM25, BOOK, DENSE, EMBEDDER
from api_service.vector_index.server_options import Kept

log = structlog.get_logger(__name__)

WRITE_SECONDS = 60
LOOK_SECONDS = 0.5
"""How long a reader takes it for granted which generation is the live one."""

FORMER_SECONDS = 1.5
"""How long the former generation stays, for readers that have not looked yet."""

_SETTLING_SECONDS = 600
_SCHEMA, _KEPT, _COPY_OF = "schema", "kept", "copy_of"


@dataclass(frozen=True, slots=True)
class Generation:
    """A collection that holds the index.

    Attributes:
        name: The collection's.
        schema: How its chunks lie.
        dimensions: Length of its dense vector; None without one.
        ours: Whether it was made by this program.
        kept: What it was made with, as its metadata says; None where that is not known.
        copy_of: The generation it is a whole copy of, if it is one.
    """

    name: str
    schema: int
    dimensions: int | None
    ours: bool
    kept: dict[str, object] | None
    copy_of: str | None

    def require_ours(self) -> None:
        """Refuse a collection of somebody else's.

        Raises:
            IndexRefused: It is one.
        """
        if not self.ours:
            raise IndexRefused(
                f"The Qdrant server already holds a collection {self.name} that was made by "
                f"something else: it has no sparse vector {BM25}. Rename or delete that "
                "collection, or set QDRANT_COLLECTION to another name, or QDRANT_URL to another "
                "server."
            )


class Generations:
    """The collections of one alias."""

    def __init__(self, client: AsyncQdrantClient, alias: str, kept: Kept) -> None:
        self._client = client
        self._alias = alias
        self._next = f"{alias}-next"
        self._kept = kept
        self._name = re.compile(re.escape(alias) + "-[0-9a-f]{32}")
        self._known: Generation | None = None
        self._look_again = 0.0
        self._newer = ""

    async def live(self) -> Generation | None:
        """Return the generation readers are led to, as of LOOK_SECONDS ago or later."""
        now = time.monotonic()
        if self._known is None or now >= self._look_again:
            self._look_again = now + LOOK_SECONDS  # others go on with what is known meanwhile
            self._known = await self.look()
        return self._known

    async def look(self) -> Generation | None:
        """Ask which generation readers are led to; None before the first.

        Raises:
            IndexUnavailable: A newer version of this program made it.
        """
        aliases = (await self._client.get_aliases()).aliases
        leads_to = {each.alias_name: each.collection_name for each in aliases}
        # The passing alias first: where it is, it leads to the newest.
        name = leads_to.get(self._next) or leads_to.get(self._alias) or self._alias
        if self._known is None or self._known.name != name or name == self._alias:
            self._known = await self.described(name)
        return self._known

    async def described(self, name: str) -> Generation | None:
        """Return what a collection is; None where there is none.

        Raises:
            IndexUnavailable: A newer version of this program made it.
        """
        try:
            config = (await self._client.get_collection(name)).config
        except UnexpectedResponse as error:
            if error.status_code == httpx.codes.NOT_FOUND:
                return None
            raise
        made = config.metadata or {}
        if (schema := made.get(_SCHEMA, 1)) > SCHEMA:
            if name != self._newer:  # it is looked at again with every question
                self._newer = name
                log.warning(
                    "schema_differs", state="newer", found=schema, needed=SCHEMA, collection=name
                )
            raise IndexUnavailable(
                f"The collection {name} was made by a newer version of this program (schema "
                f"{schema}, and this one knows {SCHEMA}). Use that version, or set "
                "QDRANT_COLLECTION to another name and ingest the book again."
            )
        vectors = config.params.vectors if isinstance(config.params.vectors, dict) else {}
        return Generation(
            name=name,
            schema=schema,
            dimensions=vectors[DENSE].size if DENSE in vectors else None,
            ours=BM25 in (config.params.sparse_vectors or {}),
            kept=made.get(_KEPT),
            copy_of=made.get(_COPY_OF),
        )

    def is_as_now(self, generation: Generation) -> bool:
        """Tell whether a generation is what `create` would make."""
        return generation.schema == SCHEMA and generation.kept == self._kept.noted()

    async def create(self, dimensions: int | None) -> str:
        """Make an empty generation that readers are not led to; return its name."""
        name = f"{self._alias}-{uuid4().hex}"
        await self._client.create_collection(
            name,
            **self._kept.arguments(dimensions),
            metadata={_SCHEMA: SCHEMA, _KEPT: self._kept.noted()},
            timeout=WRITE_SECONDS,
        )
        # Qdrant Cloud refuses filters on members without an index.
        by_book = models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=True)
        for member, index in ((BOOK, by_book), (EMBEDDER, models.PayloadSchemaType.KEYWORD)):
            await self._client.create_payload_index(name, member, index, timeout=WRITE_SECONDS)
        return name

    async def note(self, name: str, made: Made) -> None:
        """Add to a generation's metadata what made it."""
        await self._client.update_collection(name, metadata=dict(made))

    async def note_whole_copy(self, name: str, source: str) -> None:
        """Write down that everything of source is in name."""
        await self.note(name, {_COPY_OF: source})

    async def left_over(self) -> str | None:
        """Return a whole copy of the live generation that is good to go on with, if there is one.

        To be asked by who holds the lock: nobody else is writing to it then.
        """
        live = await self.look()
        for name in await self._all():
            if live and name != live.name:
                found = await self.described(name)
                if found and found.copy_of == live.name and self.is_as_now(found):
                    return name
        return None

    async def sweep(self) -> None:
        """Remove every generation but the live one and the copy that is left over.

        To be called by who holds the lock.
        """
        live, left = await self.look(), await self.left_over()
        for name in await self._all():
            if name != left and (live is None or name != live.name):
                await self.remove(name)

    async def _all(self) -> list[str]:
        found = await self._collections()
        return [each.name for each in found if self._name.fullmatch(each.name)]

    async def _collections(self) -> list[models.CollectionDescription]:
        return (await self._client.get_collections()).collections

    async def remove(self, name: str) -> None:
        """Remove a generation."""
        await self._client.delete_collection(name, timeout=WRITE_SECONDS)

    async def lead_readers_to(self, name: str) -> None:
        """Put a generation in the place of the live one.

        Where an alias leads to the live one, one request leads it elsewhere. A collection that has
        the alias's own name must go before there can be such an alias; a second alias leads readers
        to the new generation until then.
        """
        former = await self.look()
        if former and former.name == self._alias:
            await self._change(_leading(self._next, name))
        # Also one that an ingestion ended before it was removed, with readers led past it.
        if self._alias in {each.name for each in await self._collections()}:
            await self.remove(self._alias)
        aliases = (await self._client.get_aliases()).aliases
        there = {each.alias_name for each in aliases} & {self._alias, self._next}
        await self._change(*map(_gone, sorted(there)), _leading(self._alias, name))
        self.forget()
        if former and former.name != self._alias:
            await asyncio.sleep(FORMER_SECONDS)
            await self.remove(former.name)

    async def _change(self, *operations: models.AliasOperations) -> None:
        await self._client.update_collection_aliases(operations, timeout=WRITE_SECONDS)

    def forget(self) -> None:
        """Look again before the next read: the collection was changed."""
        self._known = None

    async def settled(self, name: str) -> None:
        """Wait until the server has built the graph of a generation: until then it is slow."""
        deadline = time.monotonic() + _SETTLING_SECONDS
        while time.monotonic() < deadline:
            status = (await self._client.get_collection(name)).status
            if status != models.CollectionStatus.YELLOW:
                return
            await asyncio.sleep(1)


def _leading(alias: str, collection: str) -> models.AliasOperations:
    return models.CreateAliasOperation(
        create_alias=models.CreateAlias(collection_name=collection, alias_name=alias)
    )


def _gone(alias: str) -> models.AliasOperations:
    return models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=alias))
