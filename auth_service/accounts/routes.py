"""The doors of sign-up and sign-in with a password."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from auth_service.accounts.backoff import Attempt
from auth_service.accounts.schemas import SignedInBody, SignedUpBody, SignInBody, SignUpBody
from auth_service.accounts.sign_in import check_credentials
from auth_service.accounts.sign_up import NewUser, sign_up
from auth_service.audit.events import EventKind
from auth_service.database.engine import Statements, database_errors
from auth_service.database.profiles import Profile
from auth_service.dependencies import Caller, Db, Now, Res, checked_body
from auth_service.openapi import documented
from auth_service.replies import NOT_STORED, location, reply
from auth_service.resources import Resources
from auth_service.sessions.cookies import Header
from auth_service.sessions.current import Shown, started_headers
from auth_service.sessions.grants import Granted, grant_refresh_token
from auth_service.sessions.lifecycle import StartedSession, start_session
from auth_service.sessions.schemas import UserBody
from auth_service.wire import FORM, JSON

router = APIRouter(tags=["accounts"])

SIGN_UP_DOCS = documented(SignUpBody, JSON, FORM)
SIGN_IN_DOCS = documented(SignInBody, JSON, FORM)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A user with a session just started.

    Attributes:
        user: Who it is.
        session: The session.
        headers: Hand it to the client.
        callback_url: Where the client wants to go next.
        granted: The refresh token, where the client has asked for one.
    """

    user: Profile
    session: StartedSession
    headers: tuple[Header, ...]
    callback_url: str | None
    granted: Granted | None


async def new_account(  # noqa: PLR0913 -- a dependency asks for what it uses
    *,
    body: Annotated[SignUpBody, Depends(checked_body(SignUpBody, FORM, JSON, login=True))],
    db: Db,
    resources: Res,
    caller: Caller,
    shown: Shown,
    now: Now,
) -> SignedIn:
    """Sign a person up and start their session, in one transaction."""
    person = NewUser(
        name=body.name,
        email=body.email,
        image=body.image,
        software_background=body.software_background,
        hardware_background=body.hardware_background,
        interest_area=body.interest_area,
    )
    user = await sign_up(db, resources.passwords, person, body.password, now)
    session = await start_session(
        db,
        user.id,
        remembered=body.remember_me is not False,
        ip_address=caller.ip_address,
        user_agent=caller.user_agent,
        now=now,
        event=EventKind.SIGNED_UP,
    )
    granted = await _granted(db, body, session, user, resources)
    headers = started_headers(session, user, shown)
    return SignedIn(user, session, headers, body.callback_url, granted)


async def new_session(
    *,
    body: Annotated[SignInBody, Depends(checked_body(SignInBody, FORM, JSON, login=True))],
    resources: Res,
    caller: Caller,
    shown: Shown,
    now: Now,
) -> SignedIn:
    """Check a user's password and start a session; two statements, each on its own."""
    attempt = Attempt(resources.limits, body.email.lower(), caller.ip_address)
    with database_errors():
        user = await check_credentials(
            resources.database, resources.passwords, attempt, body.password, now
        )
        async with resources.database.autocommit.begin() as db:
            session = await start_session(
                db,
                user.id,
                remembered=body.remember_me is not False,
                ip_address=caller.ip_address,
                user_agent=caller.user_agent,
                now=now,
            )
            granted = await _granted(db, body, session, user, resources)
    headers = started_headers(session, user, shown)
    return SignedIn(user, session, headers, body.callback_url, granted)


async def _granted(
    db: Statements,
    body: SignInBody | SignUpBody,
    session: StartedSession,
    user: Profile,
    resources: Resources,
) -> Granted | None:
    return await grant_refresh_token(
        db,
        body,
        session.of(user),
        remembered=session.remembered,
        settings=resources.settings,
        sweep=resources.sweep,
        now=session.started_at,
    )


NewAccount = Annotated[SignedIn, Depends(new_account)]
NewSession = Annotated[SignedIn, Depends(new_session)]


@router.post("/sign-up/email", response_model=SignedUpBody, openapi_extra=SIGN_UP_DOCS)
async def sign_up_email(signed_in: NewAccount) -> Response:
    """Create a user and sign them in."""
    body = SignedUpBody(token=signed_in.session.token, user=UserBody.model_validate(signed_in.user))
    return _reply(body, signed_in)


@router.post("/sign-in/email", response_model=SignedInBody, openapi_extra=SIGN_IN_DOCS)
async def sign_in_email(signed_in: NewSession) -> Response:
    """Sign a user in; every sign-in starts a session of its own."""
    token, user = signed_in.session.token, UserBody.model_validate(signed_in.user)
    url = signed_in.callback_url
    if url is None:
        return _reply(SignedInBody(redirect=False, token=token, user=user), signed_in)
    body = SignedInBody(redirect=bool(url), token=token, url=url, user=user)
    # The status stays 200: it is the official client that follows.
    return _reply(body, signed_in, (("location", location(url)),) if url else ())


def _reply(
    body: SignedUpBody | SignedInBody, signed_in: SignedIn, followed: tuple[Header, ...] = ()
) -> Response:
    granted = signed_in.granted
    if granted is None:
        return reply(body, (*followed, *signed_in.headers))
    if granted.refresh_token is not None:
        body = body.model_copy(update={"refresh_token": granted.refresh_token})
    return reply(body, (NOT_STORED, *followed, *signed_in.headers, *granted.headers))
