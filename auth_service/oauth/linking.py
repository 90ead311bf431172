"""Whose account a provider's is: found by its own name, linked by address, or made."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from auth_service.audit.events import Actor, Event, EventKind, record
from auth_service.database.profiles import PROFILE_COLUMNS, Profile, insert_user
from auth_service.database.tables import Account, Session, User
from auth_service.encryption import EncryptionSecrets
from auth_service.identifiers import new_identifier
from auth_service.oauth.provider import ProviderProfile, ProviderTokens
from auth_service.oauth.provider_tokens import columns


class NotLinked(Exception):
    """An account at a provider opens no account here.

    Args:
        error: Better Auth's code of it.
        user_id: Whom it would have been linked to, where that is known.
    """

    def __init__(self, error: str, user_id: str | None = None) -> None:
        super().__init__(error)
        self.user_id = user_id


@dataclass(frozen=True, slots=True)
class Vouched:
    """What a provider has proved, with the tokens to be stored and the secrets to do it."""

    provider_id: str
    profile: ProviderProfile
    tokens: ProviderTokens
    secrets: EncryptionSecrets


@dataclass(frozen=True, slots=True)
class Entered:
    """Who has come in, and whether for the first time."""

    user: Profile
    is_new: bool


async def enter(db: AsyncSession, vouched: Vouched, by: Actor) -> Entered:
    """Return the user of an account at a provider: found, linked or made.

    An address alone proves nothing. Linked is only where the provider says that the address is
    the reader's and it was verified here too: whoever signed up here with somebody else's
    address would otherwise share the account with its owner.

    Args:
        db: A transaction.
        vouched: Whom the provider vouches for; the profile has an address.
        by: Somebody, nobody knows who, and from where.

    Raises:
        NotLinked: account_not_linked, or internal_server_error where two rows claim the account.
    """
    await _one_at_a_time(db, vouched)
    owned = await _owner(db, vouched)
    if owned is not None:
        row_id, user = owned
        await _refresh(db, row_id, vouched, by.at)
        return Entered(await _take_over_flag(db, user, vouched.profile, by), is_new=False)
    user = _new_user(vouched.profile, by.at)
    if await insert_user(db, user):
        await _insert_account(db, user.id, vouched, by.at)
        return Entered(user, is_new=True)
    known = await _by_address(db, user.email)
    if known is None or not (vouched.profile.email_verified and known.email_verified):
        raise NotLinked("account_not_linked", None if known is None else known.id)
    await _insert_linked(db, known.id, vouched, by)
    return Entered(known, is_new=False)


async def link(db: AsyncSession, vouched: Vouched, *, user_id: str, email: str, by: Actor) -> None:
    """Link an account at a provider to a user who is signed in.

    Args:
        db: A transaction.
        vouched: What the provider has proved.
        user_id: The user.
        email: Their address, which must be the account's.
        by: Who links it.

    Raises:
        NotLinked: unable_to_link_account, email_does_not_match or
            account_already_linked_to_different_user.
    """
    if not vouched.profile.email_verified:
        raise NotLinked("unable_to_link_account")
    if vouched.profile.email != email.lower():
        raise NotLinked("email_does_not_match")
    if not await relink(db, vouched, user_id=user_id, now=by.at):
        await _insert_linked(db, user_id, vouched, by)


async def relink(db: AsyncSession, vouched: Vouched, *, user_id: str, now: datetime) -> bool:
    """Renew the tokens of an account that is linked to a user already; False where it is not.

    Raises:
        NotLinked: account_already_linked_to_different_user.
    """
    await _one_at_a_time(db, vouched)
    owned = await _owner(db, vouched)
    if owned is None:
        return False
    row_id, owner = owned
    if owner.id != user_id:
        raise NotLinked("account_already_linked_to_different_user")
    await _refresh(db, row_id, vouched, now)
    scopes = vouched.tokens.scopes
    if scopes:
        stored = await db.scalar(select(Account.scope).where(Account.id == row_id))
        known = [each.strip() for each in (stored or "").split(",") if each.strip()]
        merged = ",".join(dict.fromkeys((*known, *scopes)))
        await db.execute(update(Account).where(Account.id == row_id).values(scope=merged))
    return True


async def session_lives(db: AsyncSession, token: str, user_id: str, now: datetime) -> bool:
    """Tell whether the session in which a link was asked for is still its user's."""
    found = select(Session.id).where(
        Session.token == token, Session.user_id == user_id, Session.expires_at > now
    )
    return (await db.execute(found)).first() is not None


async def unlink(db: AsyncSession, user_id: str, row_id: str, by: Actor) -> bool | None:
    """Delete one of a user's accounts.

    The user is locked, so that two who unlink at once do not leave nothing.

    Returns:
        Whether there was such an account; None where it would have been the last.
    """
    await db.execute(select(User.id).where(User.id == user_id).with_for_update())
    rows = await db.scalars(select(Account).where(Account.user_id == user_id))
    accounts = {account.id: account for account in rows}
    if len(accounts) == 1:
        return None
    if row_id not in accounts:
        return False
    await db.delete(accounts[row_id])
    detail = {"provider": accounts[row_id].provider_id}
    await record(db, Event(EventKind.ACCOUNT_UNLINKED, by, user_id, detail))
    return True


async def _one_at_a_time(db: AsyncSession, vouched: Vouched) -> None:
    """Wait for others with the same account: no index keeps it from being stored twice."""
    key = f"account:{vouched.provider_id}:{vouched.profile.account_id}"
    await db.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))


async def _owner(db: AsyncSession, vouched: Vouched) -> tuple[str, Profile] | None:
    found = await db.execute(
        select(Account.id, *PROFILE_COLUMNS)
        .join(User, User.id == Account.user_id)
        .where(
            Account.provider_id == vouched.provider_id,
            Account.account_id == vouched.profile.account_id,
        )
        .limit(2)
    )
    rows = found.all()
    if len(rows) > 1:
        raise NotLinked("internal_server_error")
    return (rows[0][0], Profile(*rows[0][1:])) if rows else None


async def _by_address(db: AsyncSession, email: str) -> Profile | None:
    """Return the user of an address, and keep the address and its flag as they are meanwhile."""
    found = await db.execute(select(*PROFILE_COLUMNS).where(User.email == email).with_for_update())
    row: Sequence[object] | None = found.first()
    return None if row is None else Profile(*row)  # type: ignore[arg-type]  # the columns' order is the value's


def _new_user(profile: ProviderProfile, now: datetime) -> Profile:
    return Profile(
        id=new_identifier(),
        name=profile.name,
        email=profile.email or "",
        email_verified=profile.email_verified,
        image=profile.image,
        created_at=now,
        updated_at=now,
        software_background=None,
        hardware_background=None,
        interest_area=None,
    )


async def _insert_account(db: AsyncSession, user_id: str, vouched: Vouched, now: datetime) -> None:
    await db.execute(
        insert(Account).values(
            id=new_identifier(),
            account_id=vouched.profile.account_id,
            provider_id=vouched.provider_id,
            user_id=user_id,
            scope=",".join(vouched.tokens.scopes) or None,
            created_at=now,
            updated_at=now,
            **columns(vouched.tokens, vouched.secrets),
        )
    )


async def _insert_linked(db: AsyncSession, user_id: str, vouched: Vouched, by: Actor) -> None:
    await _insert_account(db, user_id, vouched, by.at)
    detail = {"provider": vouched.provider_id}
    owner = replace(by, id=user_id)
    await record(db, Event(EventKind.ACCOUNT_LINKED, owner, user_id, detail))


async def _refresh(db: AsyncSession, row_id: str, vouched: Vouched, now: datetime) -> None:
    tokens = columns(vouched.tokens, vouched.secrets)
    await db.execute(update(Account).where(Account.id == row_id).values(**tokens, updated_at=now))


async def _take_over_flag(
    db: AsyncSession, user: Profile, profile: ProviderProfile, by: Actor
) -> Profile:
    """Mark a user's address as verified where the provider of the linked account has done so."""
    if user.email_verified or not profile.email_verified or profile.email != user.email.lower():
        return user
    await db.execute(
        update(User)
        .where(User.id == user.id, User.email == user.email)
        .values(email_verified=True, updated_at=by.at)
    )
    await record(db, Event(EventKind.EMAIL_VERIFIED, replace(by, id=user.id), user.id))
    return replace(user, email_verified=True, updated_at=by.at)
