"""One ingestion at a time on a Qdrant server, which knows no locks.

A lock is a collection: the server makes one of a name once, and answers 409 to everybody else. Its
holder puts one point of its own into it, whose count it raises every few seconds, from a thread, so
that the lock beats also while the event loop is busy. The count of a point that is not there is not
raised: whoever was taken for dead cannot beat in the lock of another. A lock that does not beat is
that of a dead process: the next ingestion makes the lock of the next number, which again only one
can do. Nobody compares clocks.
"""

import asyncio
import re
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from uuid import uuid4

import httpx
import structlog
from qdrant_client import AsyncQdrantClient, QdrantClient, models
from qdrant_client.common.client_exceptions import QdrantException
from qdrant_client.http.exceptions import ApiException, UnexpectedResponse

from api_service.vector_index import IndexRefused
from api_service.vector_index.server_options import Rhythm

log = structlog.get_logger(__name__)

_POLL_SECONDS = 0.5

AT_WORK = "Another ingestion is at work on the Qdrant server; wait until it has ended."


class ServerLock:
    """The right to change the index of one alias, once `take` has returned.

    Args:
        client: Asks the server.
        beating: Opens a client for the thread that beats.
        alias: Whose index.
        rhythm: How often it beats.
    """

    def __init__(
        self,
        client: AsyncQdrantClient,
        beating: Callable[[], QdrantClient],
        alias: str,
        rhythm: Rhythm,
    ) -> None:
        self._client = client
        self._open_beating = beating
        self._prefix = f"{alias}-ingestion-"
        self._rhythm = rhythm
        self._holder = str(uuid4())
        self._name: str | None = None
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def held(self) -> bool:
        """Whether it was taken, and not let go."""
        return self._name is not None

    async def take(self) -> None:
        """Take the lock, waiting only to see whether a holder lives.

        Raises:
            IndexRefused: Another ingestion has it.
        """
        dead: set[int] = set()
        while True:
            number = await self._free_number(dead)
            name = f"{self._prefix}{number}"
            if await self._made(name):
                break
        # Who saw no lock, and who saw a dead one, may both have made one: then neither goes on.
        if await self._numbers() - dead - {number}:
            await self._client.delete_collection(name)
            raise IndexRefused(AT_WORK)
        self._name = name
        own = models.PointStruct(id=self._holder, vector={}, payload={"beat": 0})
        await self._client.upsert(name, [own])
        self._thread = threading.Thread(target=self._beat_on, args=(name,), daemon=True)
        self._thread.start()
        for each in dead:
            await self._client.delete_collection(f"{self._prefix}{each}")

    async def _free_number(self, dead: set[int]) -> int:
        """Return the number of the lock to make; adds to dead the locks whose holders are.

        Raises:
            IndexRefused: A holder lives.
        """
        while numbers := await self._numbers() - dead:
            last = max(numbers)
            if await self._is_dead(f"{self._prefix}{last}"):
                dead.add(last)
        return max(dead, default=-1) + 1

    async def _numbers(self) -> set[int]:
        named = re.compile(re.escape(self._prefix) + r"(\d+)")
        found = (await self._client.get_collections()).collections
        return {int(match[1]) for each in found if (match := named.fullmatch(each.name))}

    async def _made(self, name: str) -> bool:
        try:
            await self._client.create_collection(name, vectors_config={}, shard_number=1)
        except UnexpectedResponse as error:
            if error.status_code == httpx.codes.CONFLICT:
                return False
            raise
        return True

    async def _is_dead(self, name: str) -> bool:
        """Watch a lock; False when it goes away meanwhile.

        Raises:
            IndexRefused: It beats.
        """
        first = await self._beat_of(name)
        started = time.monotonic()
        while time.monotonic() - started < self._rhythm.patience_seconds:
            await asyncio.sleep(min(_POLL_SECONDS, self._rhythm.beat_seconds))
            beat = await self._beat_of(name)
            if beat is None:
                return False
            if beat != first:
                raise IndexRefused(AT_WORK)
        return True

    async def _beat_of(self, name: str) -> tuple[str, int] | None:
        """Return a lock's holder and beat; None where there is no such lock."""
        try:
            points, _ = await self._client.scroll(name, limit=1)
        except UnexpectedResponse as error:
            if error.status_code == httpx.codes.NOT_FOUND:
                return None
            raise
        if not points:
            return "", -1
        return str(points[0].id), (points[0].payload or {}).get("beat", -1)

    def _beat_on(self, name: str) -> None:
        client = self._open_beating()
        beat = 0
        while not self._ended.wait(self._rhythm.beat_seconds):
            beat += 1
            try:
                client.set_payload(name, {"beat": beat}, points=[self._holder])
            except (ApiException, QdrantException) as error:
                log.warning("lock_not_beating", vendor_error=type(error).__name__)
        client.close()

    async def require(self) -> None:
        """Make sure that the lock is still ours.

        Raises:
            IndexRefused: This process stood still for so long that another took it for dead.
        """
        beat = await self._beat_of(self._name) if self._name else None
        if beat is None or beat[0] != self._holder:
            raise IndexRefused(
                "This ingestion was out of touch with the Qdrant server for so long that another "
                "one took its place. What readers search is not changed; run this again."
            )

    async def let_go(self) -> None:
        """Let the next ingestion in; does nothing where nothing was taken."""
        if self._name is None:
            return
        self._ended.set()
        if self._thread:
            await asyncio.to_thread(self._thread.join)
        name, self._name = self._name, None
        with suppress(ApiException, QdrantException):  # a dead server has no use for it
            beat = await self._beat_of(name)
            if beat is not None and beat[0] == self._holder:
                await self._client.delete_collection(name)
