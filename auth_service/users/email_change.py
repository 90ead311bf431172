"""Changing one's address: which mail comes first, and to whom."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from auth_service.accounts.email_tokens import EmailClaim
from auth_service.accounts.email_verification import Links, email_mail, find_by_email
from auth_service.audit.events import Actor, Event, EventKind, record
from auth_service.database.profiles import Profile
from auth_service.database.tables import User
from auth_service.mail import Mail


@dataclass(frozen=True, slots=True)
class ChangePolicy:
    """How this site changes addresses.

    Attributes:
        confirmed: Users with a verified address agree by a mail to it before the new one is
            written to.
        at_once: Users without one need no mail.
        can_send: There is a mailer.
    """

    confirmed: bool
    at_once: bool
    can_send: bool

    def allows(self, user: Profile) -> bool:
        """Tell whether there is a way for this user."""
        return self.can_send or self.changes_at_once(user)

    def changes_at_once(self, user: Profile) -> bool:
        """Tell whether this user's address changes without a mail."""
        return self.at_once and not user.email_verified


async def change_email(  # noqa: PLR0913 -- a change is its arguments
    db: AsyncSession,
    user: Profile,
    new_email: str,
    policy: ChangePolicy,
    links: Links,
    *,
    callback_url: str | None,
    ip_address: str,
    now: datetime,
) -> tuple[bool, Mail | None]:
    """Change the user's address, or begin to.

    A taken address is met with silence: the answer tells nobody who has an account.

    Args:
        db: A transaction.
        user: Who asks.
        new_email: In lower case, and not the present one.
        policy: How this site does it.
        links: What a mailed link is made of.
        callback_url: Where it leads in the end.
        ip_address: Where the request comes from.
        now: The time of the request.

    Returns:
        Whether the address has changed, and the mail to post after the commit.
    """
    by = Actor(user.id, ip_address, now)
    if await find_by_email(db, new_email) is not None:
        # Asked for all the same: the answer tells nothing, and neither does the table.
        await record(db, Event(EventKind.EMAIL_CHANGE_REQUESTED, by, user.id))
        return False, None
    if policy.changes_at_once(user):
        if not await _set_email(db, user, new_email, now):
            return False, None
        await record(db, Event(EventKind.EMAIL_CHANGED, by, user.id))
        claim = EmailClaim(new_email, user.id)
        return True, email_mail(links, claim, to=new_email, callback_url=callback_url, now=now)
    await record(db, Event(EventKind.EMAIL_CHANGE_REQUESTED, by, user.id))
    if policy.confirmed and user.email_verified:
        claim = EmailClaim(user.email.lower(), user.id, new_email, "change-email-confirmation")
        mail = email_mail(
            links, claim, to=user.email, callback_url=callback_url, now=now, kind="change-email"
        )
        return False, mail
    claim = EmailClaim(user.email.lower(), user.id, new_email, "change-email-verification")
    return False, email_mail(links, claim, to=new_email, callback_url=callback_url, now=now)


async def _set_email(db: AsyncSession, user: Profile, new_email: str, now: datetime) -> bool:
    try:
        async with db.begin_nested():
            changed = await db.execute(
                update(User)
                .where(User.id == user.id, User.email == user.email)
                .values(email=new_email, updated_at=now)
                .returning(User.id)
            )
    except IntegrityError:  # taken since we looked
        return False
    return changed.first() is not None
