"""A token, as it is handed out."""

from auth_service.sessions.schemas import UserBody
from auth_service.wire import Wire


class TokenBody(Wire):
    """A JWT for api-service, and whom it names."""

    token: str
    user: UserBody
