"""What we remember of a reader sent to a provider, until the provider sends them back, once."""

import hmac
import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from auth_service.database.engine import Database, Statements
from auth_service.identifiers import new_state
from auth_service.sessions.cookies import CookieRules, Header, cleared, set_cookie, sign
from auth_service.verifications.one_time import consume, issue, look_up

STATE = "state"
"""Name of the cookie that binds a state to its browser."""

STATE_LIFE = timedelta(minutes=10)
COOKIE_LIFE = timedelta(minutes=5)


class StateMismatch(Exception):
    """A state is unknown, used, too old, or another browser's.

    Args:
        error_url: Where its reader wanted to hear of errors, if the state is known.
    """

    def __init__(self, error_url: str | None = None) -> None:
        super().__init__("state_mismatch")
        self.error_url = error_url


class _Stored(BaseModel):
    """Base of what is stored: Better Auth's names, and whatever else stands there ignored."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, frozen=True)


class Link(_Stored):
    """Whose account a provider's is to be linked to.

    Attributes:
        user_id: The user.
        email: Their address.
        encrypted_session_token: The session that asked, which must still live in the end; Node
            servers of older versions leave it out.
    """

    user_id: str
    email: str
    encrypted_session_token: str | None = Field(default=None, repr=False)


class State(_Stored):
    """A reader's way to a provider and back.

    Attributes:
        callback_url: Where they end.
        code_verifier: PKCE's secret.
        error_url: Where they end if something goes wrong.
        new_user_url: Where they end if they are new.
        request_sign_up: They asked to be signed up.
        provider_id: The provider they were sent to; unknown where a Node server has sent them.
        id_token_nonce: What the id token has to hold.
        link: The account is to be linked to a user who is signed in.
    """

    callback_url: str = Field(alias="callbackURL")
    code_verifier: str = Field(repr=False)
    error_url: str | None = Field(default=None, alias="errorURL")
    new_user_url: str | None = Field(default=None, alias="newUserURL")
    request_sign_up: bool | None = None
    provider_id: str | None = None
    id_token_nonce: str | None = Field(default=None, repr=False)
    link: Link | None = None


class _Row(State):
    """A state as it is stored: with its end in milliseconds, and its own name."""

    expires_at: float
    oauth_state: str | None = None


async def remember(
    db: Statements, state: State, additional: Mapping[str, object], now: datetime
) -> str:
    """Store a state and return what the provider has to give back.

    Args:
        db: Where.
        state: It.
        additional: What a caller wants stored along, for a Node server to read.
        now: The time of the request.
    """
    token = new_state()
    expires_at = now + STATE_LIFE
    row = _Row(
        **dict(state), expires_at=int(expires_at.timestamp() * 1000), oauth_state=token
    ).model_dump(by_alias=True, exclude_none=True)
    # A caller's members stand in for none of ours, not even for one that is absent.
    names = {alias for field in _Row.model_fields.items() for alias in (field[0], field[1].alias)}
    others = {name: value for name, value in additional.items() if name not in names}
    value = json.dumps({**others, **row}, ensure_ascii=False)
    await issue(db, _identifier(token), value, expires_at=expires_at, now=now)
    return token


async def spend(database: Database, token: str, cookie: str | None, now: datetime) -> State:
    """Return the state a provider gives back, which with that is used up.

    Two statements, each on its own: whatever comes of the sign-in, the state stays spent, and of
    several callbacks at once one deletes the row. A callback without the cookie spends nothing,
    or anybody who has seen the address could.

    Args:
        database: Where it is stored.
        token: What the provider has given back.
        cookie: The value of the browser's state cookie whose signature held.
        now: The time of the request.

    Raises:
        StateMismatch: There is no such state, or it is not this browser's.
    """
    async with database.autocommit.begin() as db:
        state = _read(await look_up(db, _identifier(token), now), token, now)
        if cookie is None or not hmac.compare_digest(cookie.encode(), token.encode()):
            raise StateMismatch(state.error_url)
        if await consume(db, _identifier(token), now) is None:
            raise StateMismatch(state.error_url)
    return state


def state_cookie(token: str, rules: CookieRules) -> Header:
    """Return the header that binds a state to the browser it is started in."""
    return set_cookie(STATE, sign(token, rules.secret), COOKIE_LIFE, rules)


def cleared_state(rules: CookieRules) -> tuple[Header, ...]:
    """Return the headers that delete the state's cookie."""
    return cleared(rules, STATE)


def _read(value: str | None, token: str, now: datetime) -> State:
    if value is None:
        raise StateMismatch
    try:
        row = _Row.model_validate_json(value)
    except ValidationError:
        raise StateMismatch from None
    if row.oauth_state not in {None, token} or row.expires_at < now.timestamp() * 1000:
        raise StateMismatch(row.error_url)
    return row


def _identifier(token: str) -> str:
    return f"auth-state:{token}"
