"""Verifying an address, and changing it: by following mailed links."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from auth_service.accounts.email_tokens import EmailClaim, sign_claim
from auth_service.audit.events import Actor, Event, EventKind, record
from auth_service.database.engine import Statements
from auth_service.database.profiles import PROFILE_COLUMNS, Profile
from auth_service.database.tables import User
from auth_service.error_codes import Code
from auth_service.errors import Refused
from auth_service.mail import Mail, MailType

_URI_COMPONENT = "!'()*"  # what JavaScript's encodeURIComponent leaves, beside Python's own


@dataclass(frozen=True, slots=True)
class Links:
    """What links about addresses are made of.

    Attributes:
        auth_url: Where Better Auth's paths begin, from the configuration alone: a link made from
            a request's Host would hand the token to whoever forged that.
        secrets: The first signs, any verifies.
    """

    auth_url: str
    secrets: Sequence[str]


@dataclass(frozen=True, slots=True)
class Followed:
    """What following a link has done.

    Attributes:
        user: Whose address has changed; None where none has.
        mail: The mail that comes next, to be posted after the commit.
    """

    user: Profile | None = None
    mail: Mail | None = None


def encoded(url: str) -> str:
    """Return a URL as the value of a query's parameter, as `encodeURIComponent` writes it."""
    return quote(url, safe=_URI_COMPONENT)


def email_mail(  # noqa: PLR0913 -- a link is its arguments
    links: Links,
    claim: EmailClaim,
    *,
    to: str,
    callback_url: str | None,
    now: datetime,
    kind: MailType = "verification",
) -> Mail:
    """Return the mail whose link makes a claim.

    Args:
        links: What the link is made of.
        claim: What it says.
        to: Whom it is sent to.
        callback_url: Where it leads in the end; "/" where nothing was said.
        now: The time of the request.
        kind: The type of mail.
    """
    token = sign_claim(claim, secret=links.secrets[0], now=now)
    return Mail(
        type=kind,
        to=to,
        url=f"{links.auth_url}/verify-email?token={token}"
        f"&callbackURL={encoded(callback_url or '/')}",
        token=token,
        new_email=claim.update_to if kind == "change-email" else None,
    )


async def find_by_email(db: Statements, email: str) -> Profile | None:
    """Return the user of an address, in lower case."""
    return _profile((await db.execute(select(*PROFILE_COLUMNS).where(User.email == email))).first())


async def follow(  # noqa: PLR0913 -- as email_mail
    db: AsyncSession,
    claim: EmailClaim,
    links: Links,
    *,
    caller_id: str | None,
    callback_url: str | None,
    ip_address: str,
    now: datetime,
) -> Followed:
    """Do what a link asks for.

    Args:
        db: A transaction.
        claim: What the link says.
        links: What a link that comes next is made of.
        caller_id: The user whose session the request presents, if any.
        callback_url: Where a link that comes next leads in the end.
        ip_address: Where the link was followed.
        now: The time of the request.

    Raises:
        Refused: INVALID_TOKEN, USER_NOT_FOUND, INVALID_USER, or the new address is taken.
    """
    if claim.update_to is None:
        await _verify(db, claim, ip_address, now)
        return Followed()
    user = await _bound_user(db, claim)
    if caller_id is not None and caller_id != user.id:
        raise Refused(Code.INVALID_USER)
    if claim.request_type == "change-email-confirmation":
        follow_up = EmailClaim(user.email, user.id, claim.update_to, "change-email-verification")
    else:
        user = await _change(db, user, claim, now)
        # The link came by mail: whoever follows it may be signed in nowhere.
        by = Actor(caller_id, ip_address, now)
        await record(db, Event(EventKind.EMAIL_CHANGED, by, user.id))
        follow_up = EmailClaim(user.email, user.id)
        if claim.request_type == "change-email-verification":
            return Followed(user)
    mail = email_mail(links, follow_up, to=claim.update_to, callback_url=callback_url, now=now)
    return Followed(user if claim.request_type is None else None, mail)


async def _verify(db: AsyncSession, claim: EmailClaim, ip_address: str, now: datetime) -> None:
    user = await find_by_email(db, claim.email)
    if user is None:
        raise Refused(Code.USER_NOT_FOUND)
    if claim.user_id is not None and claim.user_id != user.id:
        # The address was another user's when the link was mailed.
        raise Refused(Code.INVALID_TOKEN)
    if not user.email_verified:
        await db.execute(
            update(User)
            .where(User.id == user.id, User.email == claim.email)
            .values(email_verified=True, updated_at=now)
        )
        await record(db, Event(EventKind.EMAIL_VERIFIED, Actor(None, ip_address, now), user.id))


async def _bound_user(db: AsyncSession, claim: EmailClaim) -> Profile:
    """Return the user a change is about, whose address must still be the one it starts from."""
    if claim.user_id is None:
        raise Refused(Code.INVALID_TOKEN)
    found = await db.execute(select(*PROFILE_COLUMNS).where(User.id == claim.user_id))
    user = _profile(found.first())
    if user is None:
        raise Refused(Code.USER_NOT_FOUND)
    if user.email.lower() != claim.email:
        raise Refused(Code.INVALID_TOKEN)
    return user


async def _change(db: AsyncSession, user: Profile, claim: EmailClaim, now: datetime) -> Profile:
    verified = user.email_verified if claim.request_type is not None else False
    changed = (
        update(User)
        # Of several links followed at once, one finds the address it starts from.
        .where(User.id == user.id, User.email == user.email)
        .values(email=claim.update_to, email_verified=verified, updated_at=now)
        .returning(*PROFILE_COLUMNS)
    )
    try:
        profile = _profile((await db.execute(changed)).first())
    except IntegrityError as error:
        raise Refused(Code.USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL) from error
    if profile is None:
        raise Refused(Code.INVALID_TOKEN)
    return profile


def _profile(row: Sequence[object] | None) -> Profile | None:
    return None if row is None else Profile(*row)  # type: ignore[arg-type]  # the columns' order is the value's
