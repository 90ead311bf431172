"""What has been revoked, read in the order it was committed, from wherever the last reader stopped.

A place in that order is a row's number together with its moment. A database brought back from a
backup hands its numbers out once more, but not at the same moments: a place that is not there any
more tells a reader to begin anew.
"""

import asyncio
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from sqlalchemy import delete, func, select

from auth_service.database.engine import Database, Statements
from auth_service.database.tables import Revocation

PAGE = 5000
"""Most entries told at once."""

LOOK_SECONDS = 0.5
"""How often a process looks for news, for all who wait together."""

SWEEP_EVERY = timedelta(minutes=1)
_AT_ONCE = 10_000  # rows; the rest goes with the next sweep

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLACE = re.compile(r"([0-9]{1,19})-([0-9]{1,19})")
_LARGEST = 2**63 - 1  # of bigint


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the feed; 0 and 0 before its first entry.

    Attributes:
        id: Of the entry there.
        at: Its moment, in microseconds since 1970.
    """

    id: int
    at: int

    def __str__(self) -> str:
        return f"{self.id}-{self.at}"

    @classmethod
    def of(cls, row_id: int, at: datetime) -> Self:
        """Return the place of a row."""
        return cls(row_id, (at - _EPOCH) // timedelta(microseconds=1))

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Return the place a text names; None: it names none."""
        found = _PLACE.fullmatch(text)
        if found is None or int(found[1]) > _LARGEST:
            return None
        return cls(int(found[1]), int(found[2]))


START = Place(0, 0)


@dataclass(frozen=True, slots=True)
class Entry:
    """An id that tokens name, and which of these count no more; see tables.Revocation."""

    kind: str
    value: str
    not_before: datetime | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """A part of the feed.

    Attributes:
        entries: In the order of their commits.
        last: Where the next part begins.
        anew: It begins with the first entry there is: what was known before counts no more.
        more: The next part is there already.
    """

    entries: tuple[Entry, ...]
    last: Place
    anew: bool
    more: bool


async def read_feed(db: Statements, after: Place | None) -> Page:
    """Return what follows a place, from the beginning where it is None or not there any more."""
    rows = [] if after is None else await _rows(db, after.id)
    anew = after is None or (after != START and (not rows or rows[0][0] != after))
    if after is None or anew:
        after, rows = START, await _rows(db, 0)
    elif after != START:
        rows = rows[1:]
    entries = tuple(entry for _, entry in rows[:PAGE])
    last = rows[:PAGE][-1][0] if rows else after
    return Page(entries, last, anew=anew, more=len(rows) > PAGE)


async def _rows(db: Statements, first: int) -> list[tuple[Place, Entry]]:
    found = await db.execute(
        select(
            Revocation.id,
            Revocation.kind,
            Revocation.value,
            Revocation.not_before,
            Revocation.at,
        )
        .where(Revocation.id >= first)
        .order_by(Revocation.id)
        .limit(PAGE + 2)  # the place itself, and one that tells whether there are more
    )
    return [(Place.of(row.id, row.at), Entry(*row[1:])) for row in found]


class RevocationWatch:
    """Looks for the newest entry, once in LOOK_SECONDS for all who wait, and not at all for none.

    No connection is held while anybody waits, and none is needed that a pooler could not give, as
    LISTEN would.

    Args:
        database: Asked by one statement at a time.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._looking: asyncio.Task[Place] | None = None
        self._swept: datetime | None = None

    async def newest(self) -> Place:
        """Return the place of the newest entry, LOOK_SECONDS from now at most.

        Raises:
            DatabaseUnavailable: The database does not answer.
        """
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
            self._looking.add_done_callback(_hear)
        return await asyncio.shield(self._looking)

    async def sweep(self, db: Statements, now: datetime, kept: timedelta) -> None:
        """Delete entries that no living token can match, at most once in SWEEP_EVERY and process.

        The newest stays, so that whoever has read up to it is told to begin anew by nothing but a
        database brought back.

        Args:
            db: Where.
            now: The time of the request; entries are timed by the database's clock.
            kept: How long an entry is kept.
        """
        if self._swept is not None and now < self._swept + SWEEP_EVERY:
            return
        self._swept = now
        oldest_kept = (
            select(Revocation.id)
            .where(Revocation.at >= func.now() - kept)
            .order_by(Revocation.id)
            .limit(1)
            .scalar_subquery()
        )
        leaving = select(Revocation.id).where(Revocation.id.between(1, oldest_kept - 1))
        first = leaving.order_by(Revocation.id).limit(_AT_ONCE)
        await db.execute(delete(Revocation).where(Revocation.id.in_(first)))

    async def close(self) -> None:
        """Stop looking."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    async def _look(self) -> Place:
        await asyncio.sleep(LOOK_SECONDS)
        newest = select(Revocation.id, Revocation.at).order_by(Revocation.id.desc()).limit(1)
        async with self._database.statements() as db:
            row = (await db.execute(newest)).one_or_none()
        return START if row is None else Place.of(row.id, row.at)


def _hear(looking: asyncio.Task[Place]) -> None:
    """Take note of a failure that whoever waited did not stay to hear."""
    if not looking.cancelled():
        looking.exception()
