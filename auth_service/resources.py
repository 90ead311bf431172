"""What lives as long as the process: opened and closed here."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from auth_service.database.address import read_address
from auth_service.database.engine import Database, database_errors, open_database
from auth_service.database.reader import Reader, open_reader
from auth_service.database.revocation_feed import RevocationWatch
from auth_service.database.schema import SchemaWatch
from auth_service.database.sweep import EVERY, KeySweep, Sweep
from auth_service.errors import DatabaseUnavailable
from auth_service.jwks.keyring import Keyring
from auth_service.limits import Limits, open_limits
from auth_service.mail import choose
from auth_service.mail.postbox import Postbox
from auth_service.metrics import CONNECTIONS, MOST_CONNECTIONS, PLACES
from auth_service.password_rules import PasswordRules, site_words
from auth_service.settings import Settings
from auth_service.web_client import WebClient
from auth_service.workers import WorkerPool
from service_kit.origins import TrustedOrigins

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]
"""Tells the time, in UTC."""


def utc_now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Resources:
    """What routes ask for by name."""

    settings: Settings
    database: Database
    schema: SchemaWatch
    reader: Reader
    sessionmaker: async_sessionmaker[AsyncSession]
    passwords: WorkerPool
    postbox: Postbox | None
    sweep: Sweep
    key_sweep: KeySweep
    keyring: Keyring
    revocations: RevocationWatch
    limits: Limits | None
    trusted: TrustedOrigins
    web: WebClient
    clock: Clock

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Give a transaction: committed when the block is left, rolled back when it raises.

        A connection is taken at the first statement.

        Raises:
            DatabaseUnavailable: The database does not answer.
        """
        with database_errors():
            async with self.sessionmaker.begin() as db:
                yield db


def read_gauges(opened: Resources) -> None:
    """Tell how full what has places is."""
    for pool, used, idle, most in (
        ("transactions", *opened.database.connections()),
        ("sessions", *opened.reader.connections()),
    ):
        CONNECTIONS.put(used, pool, "used")
        CONNECTIONS.put(idle, pool, "idle")
        MOST_CONNECTIONS.put(most, pool)
    PLACES.put(opened.passwords.places)


OpenResources = Callable[[Settings], AbstractAsyncContextManager[Resources]]


@asynccontextmanager
async def open_resources(settings: Settings, *, clock: Clock = utc_now) -> AsyncIterator[Resources]:
    """Open what the service needs; it waits for nothing, so it starts without its database.

    Raises:
        BadSettings: DATABASE_URL, MAIL_URL or a template of mails cannot be read.
    """
    address = read_address(settings.database_url.get_secret_value())
    if address.notice:
        log.warning("database_certificate_verified", reason=address.notice)
    database = open_database(
        address, pool_size=settings.database_pool_size, overflow=settings.database_pool_overflow
    )
    postbox = _open_postbox(settings)
    passwords = WorkerPool(
        threads=settings.password_workers,
        queue=settings.password_queue,
        rules=PasswordRules(
            scheme=settings.password_hash,
            memory_kib=settings.argon2_memory_kib,
            passes=settings.argon2_passes,
            lanes=settings.argon2_lanes,
            refuse_common=settings.common_passwords == "refuse",
            site_words=site_words(settings.base_url, settings.mail_from),
        ),
    )
    limits = open_limits(settings)
    revocations = RevocationWatch(database)
    sweep = Sweep(audit_days=settings.audit_days)
    sweeping = asyncio.create_task(_sweep_now_and_then(sweep, database, clock))
    web = WebClient(seconds=settings.oauth_timeout_seconds)
    try:
        async with open_reader(address, connections=settings.database_reader_size) as reader:
            yield Resources(
                settings=settings,
                database=database,
                schema=SchemaWatch(database),
                reader=reader,
                sessionmaker=async_sessionmaker(database.engine, expire_on_commit=False),
                passwords=passwords,
                postbox=postbox,
                sweep=sweep,
                key_sweep=KeySweep(),
                keyring=Keyring(
                    database, settings.encryption_secrets, lifetime=settings.jwks_rotation
                ),
                revocations=revocations,
                limits=limits,
                trusted=TrustedOrigins(settings.all_trusted_origins),
                web=web,
                clock=clock,
            )
    finally:
        await revocations.close()
        sweeping.cancel()
        with suppress(asyncio.CancelledError):
            await sweeping
        # Together: each may have to wait for a server that says nothing.
        closing = [web.close(), database.close()]
        if postbox is not None:
            closing.append(postbox.close())
        if limits is not None:
            closing.append(limits.store.close())
        await asyncio.gather(*closing)
        passwords.close()


async def _sweep_now_and_then(sweep: Sweep, database: Database, clock: Clock) -> None:
    """Sweep also where nobody opens a link of a mail, which is what sweeps otherwise."""
    while True:
        await asyncio.sleep(EVERY.total_seconds())
        try:
            async with database.statements() as db:
                await sweep(db, clock())
        except DatabaseUnavailable:
            continue  # logged; the next sweep takes more
        except SQLAlchemyError as error:  # a database without migrations
            log.warning("sweep_failed", error=type(error).__name__)


def _open_postbox(settings: Settings) -> Postbox | None:
    mailer = choose(settings)
    if settings.mail_url is None:
        log.warning(
            "mail_url_unset",
            reason="mail is off: a public site prints no links"
            if mailer is None
            else "mails are printed to stdout, links and all, and go nowhere",
        )
    return None if mailer is None else Postbox(mailer)
