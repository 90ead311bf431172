"""What can go wrong, and how it is said: `{"message": …, "code": …}`, in Better Auth's words.

    Refused                     an expected refusal, with a row of the table of codes
    ├── InvalidInput            400  a member of the body has the wrong type or form
    ├── InvalidRedirect         400  a redirect URL is no string; has no code
    ├── PlainRefusal            400  a sentence of Better Auth's that has no code
    ├── UnsupportedMediaType    415  the body is of another kind than the route reads
    ├── TooManyRequests         429  the caller, or the account, has used up a limit
    └── Unavailable             503  try again later
        ├── DatabaseUnavailable      the database is asleep, gone or overloaded
        ├── Busy                     too many passwords are waiting to be hashed
        ├── LimitsUnavailable        where requests are counted does not answer
        └── ProviderUnavailable      an OAuth provider does not say where its doors are

The code is the member's name in `Code`; each stands there once, with its status and sentence.
"""

from collections.abc import Mapping, Sequence
from enum import Enum

from starlette.responses import JSONResponse


class Code(Enum):
    """Status and sentence of each refusal; the name is the code on the wire."""

    ACCESS_TOKEN_NOT_FOUND = 400, "Access token not found"
    ACCOUNT_NOT_FOUND = 400, "Account not found"
    BAD_REQUEST = 400, "Invalid JSON in request body"
    CHANGE_EMAIL_DISABLED = 400, "Change email is disabled"
    CREDENTIAL_ACCOUNT_NOT_FOUND = 400, "Credential account not found"
    CROSS_SITE_NAVIGATION_LOGIN_BLOCKED = (
        403,
        "Cross-site navigation login blocked. This request appears to be a CSRF attack.",
    )
    EMAIL_ALREADY_VERIFIED = 400, "Email is already verified"
    EMAIL_CAN_NOT_BE_UPDATED = 400, "Email can not be updated"
    EMAIL_MISMATCH = 400, "Email mismatch"
    FAILED_TO_GET_ACCESS_TOKEN = 400, "Failed to get a valid access token"
    FAILED_TO_GET_USER_INFO = 404, "Failed to get user info"
    FAILED_TO_REFRESH_ACCESS_TOKEN = 400, "Failed to refresh access token"
    FAILED_TO_UNLINK_LAST_ACCOUNT = 400, "You can't unlink your last account"
    ID_TOKEN_NOT_SUPPORTED = 404, "id_token not supported"
    INTERNAL_SERVER_ERROR = 500, "Internal server error"
    INVALID_CALLBACK_URL = 403, "Invalid callbackURL"
    INVALID_EMAIL = 400, "Invalid email"
    INVALID_EMAIL_OR_PASSWORD = 401, "Invalid email or password"
    INVALID_ERROR_CALLBACK_URL = 403, "Invalid errorCallbackURL"
    INVALID_NEW_USER_CALLBACK_URL = 403, "Invalid newUserCallbackURL"
    INVALID_ORIGIN = 403, "Invalid origin"
    INVALID_PASSWORD = 400, "Invalid password"
    INVALID_REDIRECT_URL = 403, "Invalid redirectURL"
    INVALID_TOKEN = 401, "Invalid token"
    INVALID_USER = 401, "Invalid user"
    LINKING_DIFFERENT_EMAILS_NOT_ALLOWED = (
        401,
        "Account not linked - different emails not allowed",
    )
    LINKING_NOT_ALLOWED = 401, "Account not linked - linking not allowed"
    METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED = (
        405,
        "POST method requires deferSessionRefresh to be enabled in session config",
    )
    MISSING_OR_NULL_ORIGIN = 403, "Missing or null Origin"
    NOT_FOUND = 404, "Not found"
    OAUTH_LINK_ERROR = 401, "account not linked"
    PASSWORD_ALREADY_SET = 400, "User already has a password set"
    PASSWORD_COMPROMISED = (
        400,
        "The password you entered is one of the most common. Please choose a different password.",
    )
    PASSWORD_TOO_LONG = 400, "Password too long"
    PASSWORD_TOO_SHORT = 400, "Password too short"
    PAYLOAD_TOO_LARGE = 413, "Request body is too large"
    PROVIDER_NOT_CONFIGURED = (
        400,
        "Account is not associated with a configured social provider.",
    )
    PROVIDER_NOT_FOUND = 404, "Provider not found"
    PROVIDER_NOT_SUPPORTED = 400, "Provider is not supported."
    REFRESH_TOKEN_NOT_FOUND = 400, "Refresh token not found"
    RESET_PASSWORD_DISABLED = 400, "Reset password isn't enabled"
    SERVICE_UNAVAILABLE = 503, "Service unavailable. Please try again later."
    SESSION_EXPIRED = 400, "Session expired. Re-authenticate to perform this action."
    SESSION_NOT_FRESH = 403, "Session is not fresh"
    SOCIAL_ACCOUNT_ALREADY_LINKED = 409, "Social account already linked"
    TOKEN_EXPIRED = 401, "Token expired"
    TOO_MANY_REQUESTS = 429, "Too many requests. Please try again later."
    UNAUTHORIZED = 401, "Unauthorized"
    UNSUPPORTED_MEDIA_TYPE = 415, "Unsupported media type"
    USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL = 422, "User already exists. Use another email."
    USER_EMAIL_NOT_FOUND = 401, "User email not found"
    USER_NOT_FOUND = 401, "User not found"
    VALIDATION_ERROR = 400, "Validation Error"
    VERIFICATION_EMAIL_NOT_ENABLED = 400, "Verification email isn't enabled"

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        self.message = message


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


def render(refusal: Refused) -> JSONResponse:
    """Return the reply of a refusal."""
    body = {"message": refusal.message}
    if refusal.says_code:
        body["code"] = refusal.code.name
    response = JSONResponse(body, status_code=refusal.status, headers=refusal.headers)
    for name, value in refusal.cookies:
        response.headers.append(name, value)
    return response
