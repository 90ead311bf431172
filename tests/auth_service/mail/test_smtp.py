import inspect
import socket
import time
from pathlib import Path
from urllib.parse import quote

import aiosmtplib
import pytest

from auth_service.mail import Mail, Mailer, MailRefused, MailUnavailable, choose
from auth_service.mail.smtp import CHECK_SECONDS, mail_errors, read_server
from service_kit.settings import BadSettings
from tests.auth_service.mail.server import (
    PASSWORD,
    USER,
    certificate,
    mail_server,
    silent_server,
)
from tests.auth_service.service import make_settings

NOWHERE = "postgresql://nobody@127.0.0.1:1/none"
MAIL = Mail("reset-password", "mina@example.com", "https://site.example/r?token=abc&x=1", "abc")


def mailer(url: str, **settings: object) -> Mailer:
    made = choose(make_settings(NOWHERE, MAIL_URL=url, **settings))
    assert made is not None
    return made


def login(scheme: str, port: int, authority: Path, password: str = PASSWORD) -> str:
    user = f"{quote(USER, safe='')}:{quote(password, safe='')}"
    return f"{scheme}://{user}@localhost:{port}?cafile={authority}"


async def test_a_letter_has_a_text_and_an_html_part_with_the_link() -> None:
    async with mail_server() as server:
        await mailer(server.url, MAIL_FROM="Bücher <no-reply@book.example>").send(MAIL)
    [letter] = server.taken
    assert server.recipients == ["mina@example.com"]
    assert letter["to"] == "mina@example.com"
    assert letter["from"] == "Bücher <no-reply@book.example>"
    assert letter["subject"] == "Choose a new password at Bücher"
    assert letter["auto-submitted"] == "auto-generated"
    assert letter["date"]
    text, html = letter.get_body(("plain",)), letter.get_body(("html",))
    assert text is not None
    assert html is not None
    assert MAIL.url in text.get_content()
    assert MAIL.url.replace("&", "&amp;") in html.get_content()


async def test_mail_is_from_the_services_own_host_where_no_sender_is_set() -> None:
    async with mail_server() as server:
        await mailer(server.url, BETTER_AUTH_URL="http://auth.book.example:8080").send(MAIL)
    assert server.taken[0]["from"] == "no-reply@auth.book.example"
    assert "auth.book.example:8080" in server.taken[0]["subject"]


async def test_a_mail_sent_twice_can_be_told_to_be_the_same() -> None:
    async with mail_server() as server:
        for _ in range(2):
            await mailer(server.url, MAIL_FROM="a@book.example").send(MAIL)
    first, second = (letter["message-id"] for letter in server.taken)
    assert first == second
    assert first.endswith("@book.example>")
    assert "abc" not in first


async def test_a_very_long_link_arrives_whole() -> None:
    url = "https://site.example/verify-email?token=" + "x" * 3000
    async with mail_server() as server:
        await mailer(server.url).send(Mail("verification", "mina@example.com", url, "t"))
    body = server.taken[0].get_body(("plain",))
    assert body is not None
    assert url in body.get_content()


async def test_tls_begins_by_command_where_the_server_offers_it(tmp_path: Path) -> None:
    context, authority = certificate(tmp_path)
    async with mail_server(tls=context) as server:
        await mailer(f"{server.url}?cafile={authority}").send(MAIL)
    assert server.encrypted


async def test_a_password_goes_through_tls(tmp_path: Path) -> None:
    context, authority = certificate(tmp_path)
    async with mail_server(tls=context) as server:
        await mailer(login("smtp", server.port, authority)).send(MAIL)
    assert server.encrypted
    assert server.signed_in


async def test_tls_from_the_first_byte(tmp_path: Path) -> None:
    context, authority = certificate(tmp_path)
    async with mail_server(tls=context, implicit=True) as server:
        await mailer(login("smtps", server.port, authority)).send(MAIL)
        await mailer(login("smtps", server.port, authority)).check()
    assert server.signed_in


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_a_server_without_a_certificate_we_trust_gets_no_mail(
    tmp_path: Path, scheme: str
) -> None:
    context, _ = certificate(tmp_path)
    async with mail_server(tls=context, implicit=scheme == "smtps") as server:
        with pytest.raises(MailUnavailable):
            await mailer(f"{scheme}://localhost:{server.port}").send(MAIL)
    assert server.taken == []


async def test_a_wrong_password_is_a_server_that_is_away(tmp_path: Path) -> None:
    context, authority = certificate(tmp_path)
    async with mail_server(tls=context) as server:
        wrong = mailer(login("smtp", server.port, authority, "wrong"))
        with pytest.raises(MailUnavailable):
            await wrong.send(MAIL)
        with pytest.raises(MailUnavailable):
            await wrong.check()


@pytest.mark.parametrize(
    ("said", "raised"),
    [
        ("550 no such user", MailRefused),
        ("554 not wanted", MailRefused),
        ("450 mailbox busy", MailUnavailable),
        ("421 shutting down", MailUnavailable),
    ],
)
async def test_a_final_no_is_told_from_a_later(said: str, raised: type[Exception]) -> None:
    async with mail_server() as server:
        server.to_recipients.append(said)
        with pytest.raises(raised):
            await mailer(server.url).send(MAIL)
        server.to_data.append(said)
        with pytest.raises(raised):
            await mailer(server.url).send(MAIL)


async def test_a_server_that_refuses_connections_is_away() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening
        url = f"smtp://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(MailUnavailable):
            await mailer(url).send(MAIL)
        with pytest.raises(MailUnavailable):
            await mailer(url).check()


async def test_a_server_that_hangs_is_soon_seen_to_be_away() -> None:
    async with silent_server() as port:
        started = time.monotonic()
        with pytest.raises(MailUnavailable):
            await mailer(f"smtp://127.0.0.1:{port}").check()
        assert time.monotonic() - started < CHECK_SECONDS + 2


async def test_a_check_sends_nothing() -> None:
    async with mail_server() as server:
        await mailer(server.url).check()
    assert server.connections == 1
    assert server.taken == []


@pytest.mark.parametrize(
    "kind",
    [
        kind
        for _, kind in inspect.getmembers(aiosmtplib.errors, inspect.isclass)
        if issubclass(kind, aiosmtplib.SMTPException)
    ],
)
def test_every_failure_of_the_library_becomes_one_of_ours(
    kind: type[aiosmtplib.SMTPException],
) -> None:
    by_length: dict[int, tuple[object, ...]] = {
        1: ("mina@example.com",),
        2: (550, "mina@example.com"),
        3: (550, "mina@example.com", "mina@example.com"),
    }
    arguments = by_length[len(inspect.signature(kind).parameters)]
    if kind is aiosmtplib.SMTPRecipientsRefused:
        arguments = ([aiosmtplib.SMTPRecipientRefused(550, "no", "mina@example.com")],)
    with pytest.raises((MailUnavailable, MailRefused)) as raised, mail_errors():
        raise kind(*arguments)  # type: ignore[arg-type]  # as the signature of each asks
    assert str(raised.value) == ""


@pytest.mark.parametrize(
    ("url", "port", "tls", "start_tls"),
    [
        ("smtp://mail.example", 25, False, None),
        ("smtp://user:p@mail.example", 587, False, True),
        ("smtp://user:p@127.0.0.1", 587, False, None),
        ("smtp://user:p@localhost:2525", 2525, False, None),
        ("smtp://[::1]:25", 25, False, None),
        ("smtps://user:p@mail.example", 465, True, False),
    ],
)
def test_an_address_says_how_to_speak_with_the_server(
    url: str, port: int, tls: bool, start_tls: bool | None
) -> None:
    server = read_server(url)
    assert (server.port, server.tls, server.start_tls) == (port, tls, start_tls)


def test_a_password_may_hold_any_character() -> None:
    server = read_server("smtps://a%40b:p%40ss%2Fword%3A%3F@mail.example")
    assert (server.user, server.password) == ("a@b", "p@ss/word:?")
    assert "p@ss" not in repr(server)


@pytest.mark.parametrize(
    "url",
    [
        "smtp://",
        "smtp://:25",
        "smtp://mail.example:port",
        "smtp://mail.example/path",
        "smtp://mail.example?tls=no",
        "smtp://mail.example?cafile=/nowhere",
        f"smtp://mail.example?cafile={__file__}",
    ],
)
def test_an_address_that_cannot_be_followed_is_refused(url: str) -> None:
    with pytest.raises(BadSettings, match="MAIL_URL"):
        read_server(url)
