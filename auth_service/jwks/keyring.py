"""The key that signs, kept in the process; and all that verifiers are told of."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from auth_service.database.engine import Database, Statements, database_errors
from auth_service.database.tables import SigningKey
from auth_service.encryption import EncryptionSecrets
from auth_service.errors import DatabaseUnavailable
from auth_service.jwks.keys import (
    ALGORITHM,
    Signer,
    UnusableKey,
    new_key,
    public_jwk,
    read_signer,
)

log = structlog.get_logger(__name__)

LISTED = timedelta(days=30)
"""How long a key stays listed after its last signature."""

READ_AGAIN = timedelta(minutes=5)
"""How long a key is used at most after it was deleted by hand, or replaced by another server."""

_LOCK = 0x6A776B73  # PostgreSQL's advisory lock of whoever makes a key: "jwks"


@dataclass(frozen=True, slots=True)
class _Kept:
    signer: Signer
    until: datetime


class Keyring:
    """Signs with the newest key there is, and makes one where there is none.

    Args:
        database: Whose table `jwks` holds the keys.
        secrets: Encrypt the private ones.
        lifetime: How long a key signs; None: for ever, unless its row says otherwise.
    """

    def __init__(
        self, database: Database, secrets: EncryptionSecrets, *, lifetime: timedelta | None
    ) -> None:
        self._database = database
        self._sessionmaker = async_sessionmaker(database.engine, expire_on_commit=False)
        self._secrets = secrets
        self._lifetime = lifetime
        self._reading = asyncio.Lock()
        self._kept: _Kept | None = None

    async def signer(self, now: datetime) -> Signer:
        """Return the key that signs: no statement, but once in READ_AGAIN.

        Raises:
            DatabaseUnavailable: There is none at hand, and the database does not answer.
        """
        kept = self._kept
        if kept is not None and now < kept.until:
            return kept.signer
        async with self._reading:  # of many requests at once, one reads
            kept = self._kept
            if kept is None or now >= kept.until:
                kept = self._kept = self._keep(await self._read(now), now)
            return kept.signer

    async def listed(self, now: datetime) -> list[Mapping[str, str]]:
        """Return the public keys that tokens in use may be signed with, making the first of all.

        Raises:
            DatabaseUnavailable: The database does not answer.
        """
        rows = await self._rows()
        if not rows:
            await self._make(now)
            rows = await self._rows()
        return [
            jwk
            for row in rows
            if row.expires_at is None or row.expires_at + LISTED > now
            for jwk in _public(row)
        ]

    def _keep(self, signer: Signer, now: datetime) -> "_Kept":
        ends = (now + READ_AGAIN, signer.expires_at, self._due(signer))
        return _Kept(signer, min(end for end in ends if end is not None))

    def _due(self, signer: Signer) -> datetime | None:
        """Tell when a key's turn is over; one without an end, of another server, included."""
        return None if self._lifetime is None else signer.created_at + self._lifetime

    async def _read(self, now: datetime) -> Signer:
        try:
            found = self._newest(await self._rows(), now)
        except DatabaseUnavailable:
            if self._kept is None or not self._signs(self._kept.signer, now):
                raise
            return self._kept.signer
        return found or await self._make(now)

    async def _rows(self) -> Sequence[SigningKey]:
        with database_errors():
            async with self._sessionmaker() as db:
                return await _stored(db)

    async def _make(self, now: datetime) -> Signer:
        """Make a key, unless another process has just done so."""
        with database_errors():
            async with self._sessionmaker.begin() as db:
                await db.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
                made = self._newest(await _stored(db), now)
                if made is not None:
                    return made
                row = new_key(self._secrets, now=now, lifetime=self._lifetime)
                if self._lifetime is not None:
                    await _retire(db, now, made_before=now - self._lifetime)
                db.add(row)
        log.info("signing_key_made", kid=row.id)
        return read_signer(row, self._secrets)

    def _newest(self, rows: Sequence[SigningKey], now: datetime) -> Signer | None:
        for row in rows:
            if row.alg in {None, ALGORITHM} and (row.expires_at is None or row.expires_at > now):
                try:
                    signer = read_signer(row, self._secrets)
                except UnusableKey as error:
                    reason = type(error.__cause__ or error).__name__
                    log.warning("signing_key_unusable", kid=row.id, reason=reason)
                else:
                    return signer if self._signs(signer, now) else None
        return None

    def _signs(self, signer: Signer, now: datetime) -> bool:
        ends = (signer.expires_at, self._due(signer))
        return all(end is None or end > now for end in ends)


async def _stored(db: AsyncSession) -> Sequence[SigningKey]:
    newest_first = select(SigningKey).order_by(SigningKey.created_at.desc(), SigningKey.id)
    return (await db.scalars(newest_first)).all()


async def _retire(db: Statements, now: datetime, *, made_before: datetime) -> None:
    """Give keys without an end, of another server, theirs: so they leave the list in time."""
    await db.execute(
        update(SigningKey)
        .where(
            SigningKey.expires_at.is_(None),
            SigningKey.created_at <= made_before,
            or_(SigningKey.alg.is_(None), SigningKey.alg == ALGORITHM),
        )
        .values(expires_at=now)
    )


def _public(row: SigningKey) -> Sequence[Mapping[str, str]]:
    try:
        return [public_jwk(row)]
    except UnusableKey:
        log.warning("public_key_unusable", kid=row.id)
        return []
