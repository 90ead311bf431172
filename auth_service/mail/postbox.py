"""The postbox: mail leaves in the background, and whoever posts it waits for no server."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass

import structlog

from auth_service.mail import Mail, Mailer, MailRefused, MailUnavailable
from auth_service.metrics import MAILS

log = structlog.get_logger(__name__)

CAPACITY = 1000
"""Mails that may be under way in a process; what is more is dropped, and logged."""

AT_ONCE = 4
"""Connections to the mail server at a time."""

CHECKED_SECONDS = 10.0
"""How long an answer of `probe` holds: whoever may ask us cannot make us pester the server."""

GRACE_SECONDS = 5.0
"""What mail under way gets when the process stops, of the ten seconds that closing may take."""


@dataclass(frozen=True, slots=True)
class Retries:
    """When a mail is tried again: each pause is twice the last.

    Attributes:
        first: The first pause, in seconds.
        longest: The longest pause, in seconds.
        lifetime: The pauses' sum, in seconds, at which a mail is given up; links live an hour.
    """

    first: float = 1.0
    longest: float = 60.0
    lifetime: float = 1800.0

    def pauses(self) -> Iterator[float]:
        """Yield the pauses."""
        pause, spent = self.first, 0.0
        while spent < self.lifetime:
            yield pause
            spent += pause
            pause = min(2 * pause, self.longest)


class Postbox:
    """Sends what is posted, and tries again while the mailer is away.

    Mail waits in memory: what was posted when the process is killed is lost, and its reader asks
    once more.

    Args:
        mailer: Sends the mail.
        retries: When it is tried again.
        capacity: Mails that may be under way.
    """

    def __init__(
        self, mailer: Mailer, *, retries: Retries | None = None, capacity: int = CAPACITY
    ) -> None:
        self._mailer = mailer
        self._retries = retries or Retries()
        self._capacity = capacity
        self._connections = asyncio.Semaphore(AT_ONCE)
        self._under_way: set[asyncio.Task[None]] = set()
        self._closing = asyncio.Event()
        self._failing = False
        self._checking = asyncio.Lock()
        self._checked: tuple[float, bool] | None = None

    @property
    def can_be_away(self) -> bool:
        """Whether there is a server, or a file, to be seen in /ready."""
        return self._mailer.can_be_away

    async def post(self, mail: Mail) -> None:
        """Take a mail; to be called once what it speaks of is committed.

        It returns before a mail server has been asked anything. A mailer that asks nobody has
        sent the mail by then.
        """
        if len(self._under_way) >= self._capacity:
            log.error("mail_dropped", type=mail.type, waiting=len(self._under_way))
            MAILS.add("lost")
            return
        task = asyncio.create_task(self._deliver(mail))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        await asyncio.sleep(0)  # lets the task run until it first has to wait

    async def probe(self) -> None:
        """Make sure mail leaves.

        Raises:
            MailUnavailable: The latest mail is held up, or the mailer is away.
        """
        if self._failing and self._under_way:
            raise MailUnavailable
        async with self._checking:
            if self._checked is None or time.monotonic() - self._checked[0] > CHECKED_SECONDS:
                self._checked = time.monotonic(), await self._answers()
        if not self._checked[1]:
            raise MailUnavailable

    async def close(self, grace: float = GRACE_SECONDS) -> None:
        """Send what is under way; mail that waits for another attempt gets it now, as its last.

        Args:
            grace: Seconds to wait; what is left then is lost, and logged.
        """
        self._closing.set()
        if not self._under_way:
            return
        _, late = await asyncio.wait(self._under_way, timeout=grace)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)
            log.error("mail_lost", reason="stopped", mails=len(late))
            MAILS.add("lost", by=len(late))

    async def _deliver(self, mail: Mail) -> None:
        for attempt, pause in enumerate(self._retries.pauses(), start=1):
            last = self._closing.is_set()
            try:
                async with self._connections:
                    await self._mailer.send(mail)
            except MailUnavailable as error:
                self._failing = True
                log.warning("mail_delayed", type=mail.type, attempt=attempt, error=_cause(error))
                MAILS.add("delayed")
            except MailRefused as error:
                log.warning("mail_refused", type=mail.type, error=_cause(error))
                MAILS.add("refused")
                return
            except Exception as error:  # noqa: BLE001 -- a letter that breaks the mailer must not break the rest; its text may hold the address, so it is not logged
                log.error("mail_lost", reason="crashed", type=mail.type, error=type(error).__name__)  # noqa: TRY400 -- as above
                MAILS.add("lost")
                return
            else:
                self._failing = False
                self._checked = time.monotonic(), True  # a sign of life as good as a greeting
                log.info("mail_sent", type=mail.type, attempt=attempt)
                MAILS.add("sent")
                return
            if last:
                break
            await self._pause(pause)
        log.error("mail_lost", reason="given up", type=mail.type)
        MAILS.add("lost")

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            return

    async def _answers(self) -> bool:
        try:
            await self._mailer.check()
        except MailUnavailable as error:
            log.warning("mail_unavailable", error=_cause(error))
            return False
        return True


def _cause(error: Exception) -> str:
    """Name what went wrong, and the server's code if it gave one; its text may hold addresses."""
    cause = error.__cause__ or error
    code = getattr(cause, "code", None)
    name = type(cause).__name__
    return f"{name} {code}" if isinstance(code, int) else name
