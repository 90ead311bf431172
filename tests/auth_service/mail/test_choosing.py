import json
import stat
from pathlib import Path

import pytest
from pydantic import ValidationError

from auth_service.app import create_app
from auth_service.mail import SCHEMES, Mail, MailUnavailable, choose
from service_kit.settings import BadSettings
from tests.auth_service.service import make_settings

NOWHERE = "postgresql://nobody@127.0.0.1:1/none"
MAIL = Mail("change-email", "old@example.com", "http://site/x?token=abc", "abc", "new@example.com")
EXAMPLES = {"smtp": "smtp://h", "smtps": "smtps://h", "file": "file:x", "console": "console:"}


@pytest.mark.parametrize("scheme", [scheme for scheme, _ in SCHEMES])
def test_every_scheme_has_its_mailer(scheme: str) -> None:
    mailer = choose(make_settings(NOWHERE, MAIL_URL=EXAMPLES[scheme]))
    assert mailer is not None
    assert mailer.can_be_away is (scheme != "console")


def test_mail_can_be_switched_off() -> None:
    assert choose(make_settings(NOWHERE, MAIL_URL="off")) is None


def test_without_a_word_a_public_site_prints_no_links() -> None:
    assert choose(make_settings(NOWHERE)) is not None
    assert choose(make_settings(NOWHERE, BETTER_AUTH_URL="https://auth.book.example")) is None


@pytest.mark.parametrize("url", ["mail.example", "http://mail.example", "smtp", "file:"])
def test_an_address_of_no_known_kind_stops_the_start(url: str) -> None:
    with pytest.raises(BadSettings, match="MAIL_URL"):
        create_app(make_settings(NOWHERE, MAIL_URL=url))


def test_deleting_by_mail_needs_mail() -> None:
    with pytest.raises(ValidationError, match="DELETE_USER=mail needs a MAIL_URL"):
        make_settings(NOWHERE, MAIL_URL="off", DELETE_USER="mail")


def test_a_sender_without_address_is_refused() -> None:
    with pytest.raises(ValidationError, match="neither an address"):
        make_settings(NOWHERE, MAIL_FROM="The Book")


@pytest.mark.parametrize("form", ["file:{}", "file://{}"])
async def test_a_file_gets_a_line_for_each_mail(tmp_path: Path, form: str) -> None:
    path = tmp_path / "outbox"
    mailer = choose(make_settings(NOWHERE, MAIL_URL=form.format(path)))
    assert mailer is not None
    await mailer.check()
    await mailer.send(MAIL)
    await mailer.send(Mail("verification", "a@example.com", "http://site/y", "t"))
    await mailer.check()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines == [
        {
            "type": "change-email",
            "to": "old@example.com",
            "newEmail": "new@example.com",
            "url": "http://site/x?token=abc",
            "token": "abc",
        },
        {"type": "verification", "to": "a@example.com", "url": "http://site/y", "token": "t"},
    ]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_file_that_cannot_be_written_is_a_mailer_that_is_away(tmp_path: Path) -> None:
    mailer = choose(make_settings(NOWHERE, MAIL_URL=f"file:{tmp_path}/none/outbox"))
    assert mailer is not None
    with pytest.raises(MailUnavailable):
        await mailer.send(MAIL)
    with pytest.raises(MailUnavailable):
        await mailer.check()


async def test_the_console_gets_the_whole_letter(capsys: pytest.CaptureFixture[str]) -> None:
    mailer = choose(make_settings(NOWHERE, MAIL_URL="console:"))
    assert mailer is not None
    await mailer.check()
    await mailer.send(MAIL)
    said = capsys.readouterr()
    assert said.err == ""
    for part in ("To: old@example.com", "Subject: Confirm your new", MAIL.url, "new@example.com"):
        assert part in said.out
