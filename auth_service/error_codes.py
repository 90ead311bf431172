"""The table of refusals: code, status and sentence, in Better Auth's words."""

from enum import Enum


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
