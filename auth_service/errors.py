"""What can go wrong, and how it is said: `{"message": …, "code": …}`, in Better Auth's words.

    Refused                     an expected refusal, with a row of the table of codes
    ├── InvalidInput            400  a member of the body has the wrong type or form
    ├── InvalidRedirect         400  a redirect URL is no string; has no code
    ├── PlainRefusal            400  a sentence of Better Auth's that has no code
    ├── SilentRefusal           401  no session, where Better Auth answers with an empty body
    ├── UnsupportedMediaType    415  the body is of another kind than the route reads
    ├── TooManyRequests         429  the caller, or the account, has used up a limit
    ├── KeyUsedUp               429  an API key has used up a limit of its own
    └── Unavailable             503  try again later
        ├── DatabaseUnavailable      the database is asleep, gone or overloaded
        ├── Busy                     too many passwords are waiting to be hashed
        ├── LimitsUnavailable        where requests are counted does not answer
        └── ProviderUnavailable      an OAuth provider does not say where its doors are

The codes, each with its status and sentence, stand in `error_codes`.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from math import ceil

from starlette.responses import JSONResponse, Response

from auth_service.error_codes import Code


class Refused(Exception):
    """An expected refusal.

    Args:
        code: The row of the table.
        message: Said instead of the table's sentence.
        status: Sent instead of the table's; a few codes differ from route to route.
        headers: Added to the reply.
        cookies: Added to the reply as well: what it says of the caller's session, header by
            header, for a reply may set several cookies.
    """

    says_code = True
    """Whether the body names the code; some of Better Auth's are made from a plain message."""

    def __init__(
        self,
        code: Code,
        message: str | None = None,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        cookies: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(code.name)
        self.code = code
        self.message = code.message if message is None else message
        self.status = code.status if status is None else status
        self.headers = headers
        self.cookies = cookies


class InvalidInput(Refused):
    """The body can be read, but a member has the wrong type or form.

    Args:
        issues: One part per problem, `[body.<path>] <text>`.
    """

    def __init__(self, issues: Sequence[str]) -> None:
        super().__init__(Code.VALIDATION_ERROR, "; ".join(issues))


class InvalidRedirect(Refused):
    """A redirect URL is no string.

    Args:
        member: The name Better Auth gives the member.
    """

    says_code = False

    def __init__(self, member: str) -> None:
        super().__init__(Code.VALIDATION_ERROR, f"Invalid {member}: expected a string")


class PlainRefusal(Refused):
    """A refusal that Better Auth makes from a sentence alone.

    Args:
        message: The sentence.
    """

    says_code = False

    def __init__(self, message: str) -> None:
        super().__init__(Code.VALIDATION_ERROR, message)


class SilentRefusal(Refused):
    """There is no session, which Better Auth's plugins answer without a word."""

    def __init__(self, *, cookies: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(Code.UNAUTHORIZED, cookies=cookies)


class UnsupportedMediaType(Refused):
    """The body is of another kind than the route reads.

    Args:
        content_type: As the caller sent it; empty when there was none.
        allowed: Media types the route reads.
    """

    def __init__(self, content_type: str, allowed: Sequence[str]) -> None:
        wrong = f'Content-Type "{content_type}" is not allowed' if content_type else _NO_TYPE
        super().__init__(
            Code.UNSUPPORTED_MEDIA_TYPE, f"{wrong}. Allowed types: {', '.join(allowed)}"
        )


_NO_TYPE = "Content-Type is required"


class TooManyRequests(Refused):
    """The caller, or the account, has used up a limit; Better Auth's refusal of it has no code.

    Args:
        retry_after: Whole seconds until the next request is allowed.
    """

    says_code = False

    def __init__(self, retry_after: int) -> None:
        seconds = str(retry_after)
        super().__init__(
            Code.TOO_MANY_REQUESTS, headers={"X-Retry-After": seconds, "Retry-After": seconds}
        )


class KeyUsedUp(Refused):
    """An API key has no uses left, or none in its present window.

    Args:
        code: USAGE_EXCEEDED or RATE_LIMITED.
        wait: Until it can be used again, in whole milliseconds; None: never.
    """

    def __init__(self, code: Code, wait: timedelta | None = None) -> None:
        seconds = None if wait is None else str(ceil(wait.total_seconds()))
        super().__init__(code, headers={"Retry-After": seconds} if seconds else None)
        self.wait = wait


class Unavailable(Refused):
    """Something is away or overloaded; trying again later may help."""

    retry_after = 5  # seconds

    def __init__(self) -> None:
        super().__init__(Code.SERVICE_UNAVAILABLE, headers={"Retry-After": str(self.retry_after)})


class DatabaseUnavailable(Unavailable):
    """The database does not answer: asleep, gone, starting, or out of connections."""


class Busy(Unavailable):
    """As many passwords as may wait are waiting to be hashed."""

    retry_after = 2


class LimitsUnavailable(Unavailable):
    """Where requests are counted does not answer, so no password may be tried."""

    retry_after = 2


class ProviderUnavailable(Unavailable):
    """An OAuth provider does not answer, or not in words we know."""


def render(refusal: Refused) -> Response:
    """Return the reply of a refusal."""
    body: dict[str, object] = {"message": refusal.message}
    if refusal.says_code:
        body["code"] = refusal.code.name
    if refusal.code is Code.RATE_LIMITED and isinstance(refusal, KeyUsedUp) and refusal.wait:
        body["details"] = {"tryAgainIn": refusal.wait // timedelta(milliseconds=1)}
    response = (
        Response(status_code=refusal.status, headers=refusal.headers)
        if isinstance(refusal, SilentRefusal)
        else JSONResponse(body, status_code=refusal.status, headers=refusal.headers)
    )
    for name, value in refusal.cookies:
        response.headers.append(name, value)
    return response
