"""Passwords tried at one account: how many, and from where the right one still gets in.

Tried by signing in, or by whoever holds a session and is asked for the password of its user. Two
counts, both by address and for unknown addresses alike, so that they tell nothing. One is of
an account and a network, and refuses without a look. The other is of an account and all networks
together; when it is used up, the right password gets in from a network the account is signed in
from, and every other try is answered alike, after the same work. See docs/decisions/0011.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import bindparam, select

from auth_service.audit.events import Actor, EventKind, recording
from auth_service.database.engine import Database, Statements
from auth_service.database.tables import AuditEvent, Session, User
from auth_service.errors import LimitsUnavailable, TooManyRequests
from auth_service.limits import Limits
from service_kit.client_ip import rate_limit_key
from service_kit.rate_limit import RateLimited, RateStoreDown

_ADDRESSES = (
    select(Session.ip_address)
    .join(User, User.id == Session.user_id)
    .where(User.email == bindparam("address"))
    .order_by(Session.created_at.desc())
    .limit(100)
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A password tried at an account.

    Attributes:
        limits: Those in force; None: nothing is counted.
        email: The account's address, in lower case; it may be nobody's.
        ip_address: Where the try comes from; "" where unknown.
    """

    limits: Limits | None
    email: str
    ip_address: str

    async def begin(self) -> int:
        """Count the try; return the seconds for which only known networks get in, mostly 0.

        Counted before the password is looked at: of many tries at once, no more than the limit
        learn anything.

        Raises:
            TooManyRequests: This network has tried this account too often.
            LimitsUnavailable: Tries cannot be counted.
        """
        if self.limits is None or self.limits.tries is None or self.limits.wrong is None:
            return 0
        with _limit_errors():
            await self.limits.tries.hit(self._place)
            return await self.limits.wrong.wait(_account(self.email))

    async def may_enter(self, db: Statements, wait: int) -> bool:
        """Tell whether the right password gets in.

        Args:
            db: Asked while the account is under attack only: has it a session that began in the
                network of this try?
            wait: What `begin` returned.
        """
        return not wait or await self._is_from_a_known_network(db)

    async def settle(self, *, right: bool, wait: int, may_enter: bool) -> bool:
        """Count what came of the try; return whether it gets in.

        One that does has its network's tries forgotten; those of all networks together are not its
        to forget.

        Args:
            right: The password is the account's.
            wait: What `begin` returned.
            may_enter: What the method of this name returned.

        Raises:
            TooManyRequests: The account is under attack, and the password is wrong or comes from an
                unknown network; or others have meanwhile used up the account's count.
            LimitsUnavailable: It cannot be counted.
        """
        if right and may_enter:
            if self.limits is not None and self.limits.tries is not None:
                with _limit_errors():
                    await self.limits.tries.forget(self._place)
            return True
        if wait:
            raise TooManyRequests(wait)
        if self.limits is not None and self.limits.wrong is not None:
            with _limit_errors():
                await self.limits.wrong.hit(_account(self.email))
        return False

    async def start_anew(self) -> None:
        """Forget what was tried, since the owner of the mailbox has set a new password.

        That is the tries of this network, where the owner is, and the wrong passwords of all; other
        networks' tries stay. A store that is away does not fail the request: the counts end by
        themselves.
        """
        if self.limits is None or self.limits.tries is None or self.limits.wrong is None:
            return
        try:
            await self.limits.wrong.forget(_account(self.email))
            await self.limits.tries.forget(self._place)
        except RateStoreDown:
            return

    async def _is_from_a_known_network(self, db: Statements) -> bool:
        rows = await db.scalars(_ADDRESSES, {"address": self.email})
        known = {rate_limit_key(address) for address in rows if address}
        return rate_limit_key(self.ip_address) in known

    @property
    def _place(self) -> str:
        return f"{_account(self.email)}|{rate_limit_key(self.ip_address)}"


@asynccontextmanager
async def recorded_back_off(
    database: Database, attempt: Attempt, now: datetime
) -> AsyncIterator[None]:
    """Write the event of an account that backs off, once a minute for each user and address.

    Once, because whoever has used up an account's tries can go on being refused for nothing.
    """
    try:
        yield
    except TooManyRequests:
        user_id = select(User.id).where(User.email == attempt.email).scalar_subquery()
        lately = select(AuditEvent.id).where(
            AuditEvent.event == EventKind.ACCOUNT_BACKED_OFF.value,
            AuditEvent.created_at > now - _LATELY,
            AuditEvent.ip_address == attempt.ip_address,
            AuditEvent.user_id.is_not_distinct_from(user_id),
        )
        who = select(user_id.label("user_id")).where(~lately.exists()).cte("who")
        by = Actor(None, attempt.ip_address, now)
        event = recording(who, EventKind.ACCOUNT_BACKED_OFF, by, user_id=who.c.user_id)
        async with database.autocommit.begin() as db:
            await db.execute(event)
        raise


_LATELY = timedelta(minutes=1)


def _account(email: str) -> str:
    # Hashed: an address has no place in a store that others may read.
    return sha256(email.encode()).hexdigest()


@contextmanager
def _limit_errors() -> Iterator[None]:
    try:
        yield
    except RateLimited as error:
        raise TooManyRequests(error.retry_after) from error
    except RateStoreDown as error:
        raise LimitsUnavailable from error
