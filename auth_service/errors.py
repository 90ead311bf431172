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

The code is the member's name in `Code`; each stands there once, with its status and sentence.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import Enum
from math import ceil

from starlette.responses import JSONResponse, Response


class Code(Enum):
    """Status and sentence of each refusal; the name is the code on the wire."""

    ACCESS_TOKEN_NOT_FOUND = 400, "Access token not found"
    ACCOUNT_NOT_FOUND = 400, "Account not found"
    BAD_REQUEST = 400, "Invalid JSON in request body"
    BANNED_USER = (
        403,
        (
            "You have been banned from this application. "
            "Please contact support if you believe this is an error."
        ),
    )
    CHANGE_EMAIL_DISABLED = 400, "Change email is disabled"
    CREDENTIAL_ACCOUNT_NOT_FOUND = 400, "Credential account not found"
    CROSS_SITE_NAVIGATION_LOGIN_BLOCKED = (
        403,
        "Cross-site navigation login blocked. This request appears to be a CSRF attack.",
    )
    EMAIL_ALREADY_VERIFIED = 400, "Email is already verified"
    EMAIL_CAN_NOT_BE_UPDATED = 400, "Email can not be updated"
    EMAIL_MISMATCH = 400, "Email mismatch"
    EXPIRES_IN_IS_TOO_LARGE = 400, "The expiresIn is larger than the predefined maximum value."
    EXPIRES_IN_IS_TOO_SMALL = 400, "The expiresIn is smaller than the predefined minimum value."
    FAILED_TO_GET_ACCESS_TOKEN = 400, "Failed to get a valid access token"
    FAILED_TO_GET_USER_INFO = 404, "Failed to get user info"
    FAILED_TO_REFRESH_ACCESS_TOKEN = 400, "Failed to refresh access token"
    FAILED_TO_UNLINK_LAST_ACCOUNT = 400, "You can't unlink your last account"
    ID_TOKEN_NOT_SUPPORTED = 404, "id_token not supported"
    INTERNAL_SERVER_ERROR = 500, "Internal server error"
    INVALID_API_KEY = 401, "Invalid API key."
    INVALID_CALLBACK_URL = 403, "Invalid callbackURL"
    INVALID_EMAIL = 400, "Invalid email"
    INVALID_EMAIL_OR_PASSWORD = 401, "Invalid email or password"
    INVALID_ERROR_CALLBACK_URL = 403, "Invalid errorCallbackURL"
    INVALID_METADATA_TYPE = 400, "metadata must be an object or undefined"
    INVALID_NAME_LENGTH = 400, "The name length is either too large or too small."
    INVALID_NEW_USER_CALLBACK_URL = 403, "Invalid newUserCallbackURL"
    INVALID_ORIGIN = 403, "Invalid origin"
    INVALID_PASSWORD = 400, "Invalid password"
    INVALID_PREFIX_LENGTH = 400, "The prefix length is either too large or too small."
    INVALID_REDIRECT_URL = 403, "Invalid redirectURL"
    INVALID_REFERENCE_ID_FROM_API_KEY = 401, "The reference id from the API key is invalid."
    INVALID_TOKEN = 401, "Invalid token"
    INVALID_USER = 401, "Invalid user"
    KEY_DISABLED = 401, "API Key is disabled"
    KEY_EXPIRED = 401, "API Key has expired"
    KEY_NOT_FOUND = 404, "API Key not found"
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
    NO_VALUES_TO_UPDATE = 400, "No values to update."
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
    RATE_LIMITED = 429, "Rate limit exceeded."
    REFRESH_TOKEN_NOT_FOUND = 400, "Refresh token not found"
    RESET_PASSWORD_DISABLED = 400, "Reset password isn't enabled"
    SERVER_ONLY_PROPERTY = (
        400,
        "The property you're trying to set can only be set from the server auth instance only.",
    )
    SERVICE_UNAVAILABLE = 503, "Service unavailable. Please try again later."
    SESSION_EXPIRED = 400, "Session expired. Re-authenticate to perform this action."
    SESSION_NOT_FRESH = 403, "Session is not fresh"
    SOCIAL_ACCOUNT_ALREADY_LINKED = 409, "Social account already linked"
    TOKEN_EXPIRED = 401, "Token expired"
    TOO_MANY_REQUESTS = 429, "Too many requests. Please try again later."
    UNAUTHORIZED = 401, "Unauthorized"
    UNAUTHORIZED_SESSION = 401, "Unauthorized or invalid session"
    UNSUPPORTED_MEDIA_TYPE = 415, "Unsupported media type"
    USAGE_EXCEEDED = 429, "API Key has reached its usage limit"
    USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL = 422, "User already exists. Use another email."
    USER_EMAIL_NOT_FOUND = 401, "User email not found"
    USER_NOT_FOUND = 401, "User not found"
    VALIDATION_ERROR = 400, "Validation Error"
    VERIFICATION_EMAIL_NOT_ENABLED = 400, "Verification email isn't enabled"
    YOU_ARE_NOT_ALLOWED_TO_BAN_USERS = 403, "You are not allowed to ban users"
    YOU_ARE_NOT_ALLOWED_TO_CHANGE_USERS_ROLE = 403, "You are not allowed to change users role"
    YOU_ARE_NOT_ALLOWED_TO_DELETE_USERS = 403, "You are not allowed to delete users"
    YOU_ARE_NOT_ALLOWED_TO_LIST_USERS = 403, "You are not allowed to list users"
    YOU_ARE_NOT_ALLOWED_TO_LIST_USERS_SESSIONS = 403, "You are not allowed to list users sessions"
    YOU_ARE_NOT_ALLOWED_TO_READ_AUDIT_EVENTS = 403, "You are not allowed to read audit events"
    YOU_ARE_NOT_ALLOWED_TO_REVOKE_USERS_SESSIONS = (
        403,
        "You are not allowed to revoke users sessions",
    )
    YOU_ARE_NOT_ALLOWED_TO_SET_NON_EXISTENT_VALUE = (
        400,
        "You are not allowed to set a non-existent role value",
    )
    YOU_CANNOT_BAN_YOURSELF = 400, "You cannot ban yourself"
    YOU_CANNOT_REMOVE_YOURSELF = 400, "You cannot remove yourself"

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
