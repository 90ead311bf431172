"""The mailer of development: letters are printed, links and all, and go nowhere."""

import sys

from auth_service.mail import Mail
from auth_service.mail.letters import Letterhead


class ConsoleMailer:
    """Prints letters to stdout; log lines go to stderr and hold neither link nor address.

    Args:
        letterhead: Writes the letters.
    """

    can_be_away = False

    def __init__(self, letterhead: Letterhead) -> None:
        self._letterhead = letterhead

    async def send(self, mail: Mail) -> None:
        """Print a letter."""
        letter = self._letterhead.write(mail.type, mail.url, mail.new_email)
        lines = (f"To: {mail.to}", f"Subject: {letter.subject}", "", letter.text.rstrip())
        frame = "-" * 80
        sys.stdout.write("\n".join((frame, *lines, frame, "")))
        sys.stdout.flush()

    async def check(self) -> None:
        """Do nothing: there is always a stdout."""
