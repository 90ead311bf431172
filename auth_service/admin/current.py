"""Who asks at an admin's door: their session as the database has it, role included."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import Depends, Request

from auth_service.admin.users import ADMIN
from auth_service.audit.events import Actor
from auth_service.dependencies import Caller, Now, Res
from auth_service.error_codes import Code
from auth_service.errors import Refused, SilentRefusal
from auth_service.sessions.cookies import together
from auth_service.sessions.current import Shown
from auth_service.sessions.signed_in import LiveSession, resolve


@dataclass(frozen=True, slots=True)
class Visitor:
    """A signed-in user at an admin's door, who may be none."""

    live: LiveSession
    by: Actor

    def admin(self, otherwise: Code) -> Actor:
        """Return who acts, where it is an admin.

        Raises:
            Refused: `otherwise`, it is none.
        """
        if ADMIN not in self.live.session.user.roles:
            raise Refused(otherwise)
        return self.by


async def visitor(
    request: Request, shown: Shown, caller: Caller, resources: Res, now: Now
) -> AsyncIterator[Visitor]:
    """Give the session to a route for admins; what it changed goes with a refusal as well.

    An API key is none: it lies about in programs, and its owner's role is not what it was made for.

    Raises:
        SilentRefusal: There is none.
    """
    own = replace(shown, key_session=None)
    found = await resolve(request.query_params, own, resources, now)
    if found.session is None:
        raise SilentRefusal(cookies=found.headers)
    live = LiveSession(found.session, found.headers)
    try:
        yield Visitor(live, Actor(found.session.user_id, caller.ip_address, now))
    except Refused as refusal:
        refusal.cookies = together(found.headers, refusal.cookies)
        raise


AnyVisitor = Annotated[Visitor, Depends(visitor, scope="function")]
