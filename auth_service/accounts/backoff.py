"""Passwords tried at one account: how many, and from where the right one still gets in.

Two counts, both by address and for unknown addresses alike, so that they tell nothing. One is of
an account and a network, and refuses without a look. The other is of an account and all networks
together; when it is used up, the right password gets in from a network the account is signed in
from, and every other try is answered alike, after the same work. See docs/decisions/0011.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import bindparam, select

from auth_service.database.engine import Statements
from auth_service.database.tables import Session, User
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

    async def failed(self) -> None:
        """Count a wrong password.

        Raises:
            TooManyRequests: Others have meanwhile used up the account's count.
            LimitsUnavailable: It cannot be counted.
        """
        if self.limits is not None and self.limits.wrong is not None:
            with _limit_errors():
                await self.limits.wrong.hit(_account(self.email))

    async def succeeded(self) -> None:
        """Forget the tries of this network; those of all networks together are not its to forget.

        Raises:
            LimitsUnavailable: They cannot be forgotten.
        """
        if self.limits is not None and self.limits.tries is not None:
            with _limit_errors():
                await self.limits.tries.forget(self._place)

    async def is_from_a_known_network(self, db: Statements) -> bool:
        """Tell whether the account has a session that began in the network of this try."""
        rows = await db.scalars(_ADDRESSES, {"address": self.email})
        known = {rate_limit_key(address) for address in rows if address}
        return rate_limit_key(self.ip_address) in known

    @property
    def _place(self) -> str:
        return f"{_account(self.email)}|{rate_limit_key(self.ip_address)}"


async def forget_wrong_passwords(limits: Limits | None, email: str) -> None:
    """Forget the wrong passwords tried at an account, since its owner has set a new one by mail.

    A store that is away does not fail the request: the counts end by themselves.
    """
    if limits is not None and limits.wrong is not None:
        try:
            await limits.wrong.forget(_account(email.lower()))
        except RateStoreDown:
            return


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
