import asyncio
import json
import time
from dataclasses import dataclass, field

import pytest

from auth_service.mail import Mail, MailRefused, MailUnavailable
from auth_service.mail.postbox import Postbox, Retries
from service_kit.logs import configure_logs
from tests.auth_service.mail.server import eventually

MAIL = Mail("verification", "mina@example.com", "http://site/?token=abc", "abc")
QUICK = Retries(first=0.01, longest=0.02, lifetime=0.1)
SLOW = Retries(first=60)


@dataclass(slots=True)
class Scripted:
    """A mailer that fails as told, then sends."""

    failures: list[Exception] = field(default_factory=list)
    sent: list[Mail] = field(default_factory=list)
    attempts: int = 0
    checks: int = 0
    seconds: float = 0.0
    away: bool = False
    can_be_away: bool = True

    async def send(self, mail: Mail) -> None:
        self.attempts += 1
        await asyncio.sleep(self.seconds)
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(mail)

    async def check(self) -> None:
        self.checks += 1
        if self.away:
            raise MailUnavailable


@dataclass(slots=True)
class Said:
    """The log lines of a test."""

    captured: pytest.CaptureFixture[str]
    lines: list[dict[str, object]] = field(default_factory=list)

    def events(self) -> list[object]:
        self.lines += map(json.loads, self.captured.readouterr().err.splitlines())
        return [line["event"] for line in self.lines]


def listening(capfd: pytest.CaptureFixture[str]) -> Said:
    configure_logs("test-service", "json", "INFO")
    return Said(capfd)


async def test_whoever_posts_waits_for_no_server() -> None:
    mailer = Scripted(seconds=0.05)
    postbox = Postbox(mailer)
    await postbox.post(MAIL)
    assert mailer.sent == []
    await postbox.close()
    assert mailer.sent == [MAIL]
    assert mailer.sent == [MAIL]


async def test_mail_is_tried_again_until_it_leaves(capfd: pytest.CaptureFixture[str]) -> None:
    said = listening(capfd)
    mailer = Scripted([MailUnavailable(), MailUnavailable()])
    postbox = Postbox(mailer, retries=QUICK)
    await postbox.post(MAIL)
    await eventually(lambda: mailer.sent == [MAIL])
    assert said.events() == ["mail_delayed", "mail_delayed", "mail_sent"]
    await postbox.close()


async def test_mail_is_given_up_in_the_end(capfd: pytest.CaptureFixture[str]) -> None:
    said = listening(capfd)
    mailer = Scripted([MailUnavailable()] * 100)
    postbox = Postbox(mailer, retries=QUICK)
    await postbox.post(MAIL)
    await eventually(lambda: "mail_lost" in said.events())
    assert 3 < mailer.attempts < 20
    await postbox.close()


def test_pauses_double_up_to_the_longest() -> None:
    pauses = list(Retries().pauses())
    assert pauses[:8] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert 1800 <= sum(pauses) < 1860


@pytest.mark.parametrize("failure", [MailRefused(), RuntimeError("mina@example.com")])
async def test_a_mail_that_cannot_be_sent_is_not_tried_again(
    failure: Exception, capfd: pytest.CaptureFixture[str]
) -> None:
    said = listening(capfd)
    mailer = Scripted([failure])
    postbox = Postbox(mailer, retries=QUICK)
    await postbox.post(MAIL)
    await postbox.close()
    assert mailer.attempts == 1
    assert len(said.events()) == 1
    assert "mina" not in str(said.lines)


async def test_what_is_more_than_the_postbox_holds_is_dropped_and_logged(
    capfd: pytest.CaptureFixture[str],
) -> None:
    said = listening(capfd)
    mailer = Scripted([MailUnavailable()] * 2)
    postbox = Postbox(mailer, retries=SLOW, capacity=2)
    for _ in range(3):
        await postbox.post(MAIL)
    assert said.events().count("mail_dropped") == 1
    await postbox.close()
    assert len(mailer.sent) == 2


async def test_few_letters_leave_at_a_time() -> None:
    mailer = Scripted(seconds=0.05)
    postbox = Postbox(mailer)
    for _ in range(12):
        await postbox.post(MAIL)
    assert mailer.attempts == 4
    await postbox.close()
    assert len(mailer.sent) == 12


async def test_closing_gives_what_waits_one_more_attempt() -> None:
    mailer = Scripted([MailUnavailable()])
    postbox = Postbox(mailer, retries=SLOW)
    await postbox.post(MAIL)
    await eventually(lambda: mailer.attempts == 1)
    await postbox.close()
    assert mailer.sent == [MAIL]


async def test_closing_waits_no_longer_than_its_grace(capfd: pytest.CaptureFixture[str]) -> None:
    said = listening(capfd)
    postbox = Postbox(Scripted(seconds=60))
    await postbox.post(MAIL)
    started = time.monotonic()
    await postbox.close(grace=0.05)
    assert time.monotonic() - started < 2
    assert said.events() == ["mail_lost"]
    assert said.lines[0]["mails"] == 1


async def test_a_mailer_that_stays_away_is_given_up_at_closing() -> None:
    mailer = Scripted([MailUnavailable()] * 100)
    postbox = Postbox(mailer, retries=SLOW)
    await postbox.post(MAIL)
    await eventually(lambda: mailer.attempts == 1)
    await postbox.close()
    assert mailer.attempts == 2


async def test_delayed_mail_is_seen_until_it_has_left() -> None:
    mailer = Scripted([MailUnavailable()])
    postbox = Postbox(mailer, retries=Retries(first=0.2))
    await postbox.probe()
    await postbox.post(MAIL)
    await eventually(lambda: not mailer.failures)
    with pytest.raises(MailUnavailable):
        await postbox.probe()
    await eventually(lambda: bool(mailer.sent))
    await postbox.probe()
    await postbox.close()


async def test_many_who_ask_cause_one_check() -> None:
    mailer = Scripted(away=True)
    postbox = Postbox(mailer)
    answers = await asyncio.gather(*(postbox.probe() for _ in range(20)), return_exceptions=True)
    assert all(isinstance(answer, MailUnavailable) for answer in answers)
    assert mailer.checks == 1
