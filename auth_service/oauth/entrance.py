"""Signing in with what a provider has proved: whose account it is, a session, and the event."""

from datetime import datetime

from auth_service.audit.events import Actor, Event, EventKind, record
from auth_service.dependencies import Client
from auth_service.error_codes import Code
from auth_service.errors import Refused
from auth_service.metrics import SIGN_INS
from auth_service.oauth.linking import Entered, NotLinked, Vouched, enter
from auth_service.resources import Resources
from auth_service.sessions.lifecycle import StartedSession, start_session


async def sign_in(
    resources: Resources, vouched: Vouched, caller: Client, now: datetime
) -> tuple[Entered, StartedSession]:
    """Sign a reader in with an account at a provider; all of it or nothing.

    Args:
        resources: The database.
        vouched: Whom the provider vouches for; the profile has an address.
        caller: Where they are.
        now: The time of the request.

    Raises:
        NotLinked: The account opens no account here.
        Refused: BANNED_USER; or UNAUTHORIZED, the user was deleted meanwhile.
    """
    provider, entered = vouched.provider_id, None
    try:
        async with resources.transaction() as db:
            entered = await enter(db, vouched, Actor(None, caller.ip_address, now))
            session = await start_session(
                db,
                entered.user.id,
                remembered=True,
                ip_address=caller.ip_address,
                user_agent=caller.user_agent,
                now=now,
                event=EventKind.SIGNED_UP if entered.is_new else EventKind.SIGNED_IN,
                detail={"provider": provider},
            )
            return entered, session
    # What failed is rolled back, and with it what was written of it there.
    except NotLinked as error:
        await sign_in_failed(resources, provider, str(error), caller, now, user_id=error.user_id)
        raise
    except Refused as refusal:
        if entered is not None and refusal.code is Code.BANNED_USER:
            user_id = entered.user.id
            await sign_in_failed(resources, provider, "banned", caller, now, user_id=user_id)
        raise


async def sign_in_failed(  # noqa: PLR0913 -- an event is its arguments
    resources: Resources,
    provider_id: str,
    reason: str,
    caller: Client,
    now: datetime,
    *,
    user_id: str | None = None,
) -> None:
    """Write down that somebody did not get in with a provider.

    Args:
        resources: The database.
        provider_id: Which.
        reason: Better Auth's code, or ours; never what a provider has said.
        caller: Where they are.
        now: The time of the request.
        user_id: Whose account it was about, where that is known.
    """
    if reason != "banned":  # counted where it is found out
        SIGN_INS.add("provider")
    by = Actor(None, caller.ip_address, now)
    detail = {"provider": provider_id, "reason": reason}
    async with resources.database.statements() as db:
        await record(db, Event(EventKind.SIGN_IN_FAILED, by, user_id, detail))
