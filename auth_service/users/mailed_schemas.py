"""What is sent to change one's address or delete one's account, and what comes back."""

from pydantic import Field

from auth_service.sessions.schemas import SuccessBody
from auth_service.wire import Email, OptionalText, PlainText, Wire


class ChangeEmailBody(Wire):
    """The new address, and where the links of its mails lead."""

    new_email: Email
    callback_url: OptionalText = Field(default=None, alias="callbackURL")


class DeleteUserBody(Wire):
    """What proves that the user means it, and where a mailed link leads."""

    callback_url: OptionalText = Field(default=None, alias="callbackURL")
    password: OptionalText = None
    token: OptionalText = None


class DeletionQuery(Wire):
    """What a deletion link holds."""

    token: PlainText
    callback_url: OptionalText = Field(default=None, alias="callbackURL")


class DeletedBody(SuccessBody):
    """What was done: the account is gone, or a mail is on its way."""

    message: str
