"""The cookie cache: a signed copy of a session that spares get-session its query.

The cookie `session_data` holds, in base64url without padding, `{"session": payload, "expiresAt":
ms, "signature": …}`. Signed is the payload with `expiresAt` as its last member, byte for byte as
JavaScript's JSON.stringify writes it, so that a Better Auth server (strategy `compact`) reads
ours and we read its. What does not fit a cookie is cut into `session_data.0`, `.1` and so on.
"""

import base64
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from pydantic import BaseModel, Field

from auth_service.database.profiles import Profile
from auth_service.sessions.cookies import (
    SESSION_DATA,
    CookieRules,
    Header,
    cleared,
    cleared_session_data,
    session_data_names,
    set_cookie,
    together,
)
from auth_service.sessions.lifecycle import StoredSession
from auth_service.sessions.schemas import SessionBody, UserBody

CACHED = timedelta(minutes=5)
"""How long a copy counts; an ended session is seen that long at most."""

CACHED_UNREMEMBERED = timedelta(minutes=1)
"""The same where its cookie goes with the browser window."""

_VERSION = "1"
_COOKIE_LENGTH = 4050  # with name and attributes; Safari, the strictest browser, takes 4093
_MOST_PARTS = 100

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Envelope(BaseModel):
    session: dict[str, Any]  # opaque on purpose: signed with all its members, known or not
    expires_at: int = Field(alias="expiresAt")
    signature: str


class _Payload(BaseModel):
    session: SessionBody
    user: UserBody
    version: str = _VERSION


def cached_headers(
    session: StoredSession,
    *,
    remembered: bool,
    cookies: Mapping[str, str],
    rules: CookieRules,
    now: datetime,
) -> tuple[Header, ...]:
    """Return the headers that give a client a copy of its session; none with the cache off.

    Args:
        session: Just read, made or changed.
        remembered: The client keeps its cookies beyond the browser window.
        cookies: Of the request; parts of an older copy are deleted.
        rules: Names and signature.
        now: The time of the request.
    """
    if not rules.cache:
        return ()
    max_age = CACHED if remembered else None
    value = _sealed(session, now, now + (CACHED if remembered else CACHED_UNREMEMBERED), rules)
    _, widest = set_cookie(f"{SESSION_DATA}.{_MOST_PARTS - 1}", "", max_age, rules)
    room = _COOKIE_LENGTH - len(widest)
    parts = [value[start : start + room] for start in range(0, len(value), room)]
    names = (
        [SESSION_DATA] if len(parts) == 1 else [f"{SESSION_DATA}.{n}" for n in range(len(parts))]
    )
    older = cleared_session_data(cookies, rules)
    if len(parts) > 1:
        # A whole copy goes before its parts, also one that this very reply sets for another reason.
        older = together(cleared(rules, SESSION_DATA), older)
    if len(parts) > _MOST_PARTS:
        return older
    return together(
        older,
        (set_cookie(name, part, max_age, rules) for name, part in zip(names, parts, strict=True)),
    )


def cached_session(
    cookies: Mapping[str, str], token: str, rules: CookieRules, now: datetime
) -> StoredSession | None:
    """Return the session a request holds a copy of, where that still counts, else None.

    Args:
        cookies: Of the request.
        token: The session's, its own signature checked; a copy by itself proves nothing.
        rules: Names and signature.
        now: The time of the request.
    """
    payload = _unsealed(_joined(cookies, rules), rules, now)
    if payload is None or payload.version != _VERSION:
        return None
    session, user = payload.session, payload.user
    if session.token != token or session.expires_at <= now:
        return None
    return StoredSession(
        user=Profile(
            id=user.id,
            name=user.name,
            email=user.email,
            email_verified=user.email_verified,
            image=user.image,
            created_at=user.created_at,
            updated_at=user.updated_at,
            software_background=user.software_background,
            hardware_background=user.hardware_background,
            interest_area=user.interest_area,
        ),
        id=session.id,
        token=session.token,
        user_id=session.user_id,
        expires_at=session.expires_at,
        created_at=session.created_at,
        updated_at=session.updated_at,
        ip_address=session.ip_address,
        user_agent=session.user_agent,
    )


def _sealed(session: StoredSession, now: datetime, expires: datetime, rules: CookieRules) -> str:
    payload = {
        "session": SessionBody.model_validate(session).model_dump(mode="json", by_alias=True),
        "user": UserBody.model_validate(session.user).model_dump(mode="json", by_alias=True),
        "updatedAt": _milliseconds(now),
        "version": _VERSION,
    }
    expires_at = _milliseconds(expires)
    signature = _signature(_signed_text(payload, expires_at), rules)
    envelope = {"session": payload, "expiresAt": expires_at, "signature": signature}
    return _base64url(_stringified(envelope).encode())


def _unsealed(value: str, rules: CookieRules, now: datetime) -> _Payload | None:
    """Open a copy; whatever is wrong with it, it is as good as none."""
    try:
        padded = value + "=" * (-len(value) % 4)
        envelope = _Envelope.model_validate_json(
            base64.b64decode(padded, altchars=b"-_", validate=True)
        )
        text = _signed_text(envelope.session, envelope.expires_at)
        expected = _signature(text, rules)
        if not hmac.compare_digest(envelope.signature.encode(), expected.encode()):
            return None
        return (
            _Payload.model_validate_json(text)
            if envelope.expires_at >= _milliseconds(now)
            else None
        )
    except ValueError:  # of base64, JSON and Pydantic alike
        return None


def _joined(cookies: Mapping[str, str], rules: CookieRules) -> str:
    whole = cookies.get(rules.full_name(SESSION_DATA))
    if whole:
        return whole
    parts = (name for name in session_data_names(cookies, rules) if name != SESSION_DATA)
    in_order = sorted(parts, key=lambda name: int(name.rpartition(".")[2]))
    return "".join(cookies[rules.full_name(name)] for name in in_order)


def _signed_text(payload: Mapping[str, object], expires_at: int) -> str:
    return _stringified({**payload, "expiresAt": expires_at})


def _stringified(value: Mapping[str, object]) -> str:
    """Return a value as JSON.stringify writes it: no spaces, and no escape that is not needed."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _signature(text: str, rules: CookieRules) -> str:
    return _base64url(hmac.digest(rules.secret, text.encode(), sha256))


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _milliseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)
