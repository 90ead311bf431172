"""The mailer of tests and tools: every mail is a line of JSON in a file."""

import json
import os
from pathlib import Path

from auth_service.mail import Mail, MailUnavailable
from service_kit.settings import BadSettings


class FileMailer:
    """Appends `{"type", "to", "newEmail"?, "url", "token"}` to a file only its owner can read.

    Args:
        path: The file; made with the first mail.
    """

    can_be_away = True

    def __init__(self, path: Path) -> None:
        self._path = path

    async def send(self, mail: Mail) -> None:
        """Append a line: one short write, so that lines of several workers do not mix.

        Raises:
            MailUnavailable: The file cannot be written.
        """
        members = {
            "type": mail.type,
            "to": mail.to,
            "newEmail": mail.new_email,
            "url": mail.url,
            "token": mail.token,
        }
        told = {name: value for name, value in members.items() if value is not None}
        line = json.dumps(told, ensure_ascii=False) + "\n"
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(descriptor, line.encode())
            finally:
                os.close(descriptor)
        except OSError as error:
            raise MailUnavailable from error

    async def check(self) -> None:
        """Make sure the file, or the folder it will be in, can be written.

        Raises:
            MailUnavailable: It cannot.
        """
        place = self._path if self._path.exists() else self._path.parent
        if not os.access(place, os.W_OK):
            raise MailUnavailable


def read_path(url: str) -> Path:
    """Return the path of `file:PATH`, `file:///PATH`, or a relative `file:PATH`.

    Raises:
        BadSettings: There is none.
    """
    path = url.removeprefix("file:")
    path = path.removeprefix("//")
    if not path:
        raise BadSettings("MAIL_URL is file: without a path")
    return Path(path)
