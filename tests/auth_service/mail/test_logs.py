"""No link, token or address of a mail is on the log, whatever becomes of the mail."""

import subprocess
import sys
from pathlib import Path

from tests.auth_service.service import CHECKOUT, bare_environment

# Everything a process writes is on its two streams, so it gets a process of its own.
JOURNEY = """
import asyncio, logging, sys
from pathlib import Path
from service_kit.logs import configure_logs
from tests.auth_service.mail.server import eventually, mail_server
from tests.auth_service.mailed import mailing

MARKED = "marked-address@example.com"
TOKENS = []

async def drive(site):
    cookie = await site.reader(MARKED)
    asked = [
        await site.post("request-password-reset", {"email": MARKED, "redirectTo": "/marked-page"}),
        await site.post("send-verification-email", {"email": MARKED}, cookie),
        await site.post("change-email", {"newEmail": "marked-new@example.com"}, cookie),
        await site.post("delete-user", {"callbackURL": "/marked-page"}, cookie),
    ]
    assert [reply.status_code for reply in asked] == [200] * 4
    for mail in site.outbox.mails():
        TOKENS.append(mail["token"])
        await site.follow(mail["url"])
        await site.follow(mail["url"], cookie)

async def run(url, folder):
    settings = {"DELETE_USER": "mail", "CHANGE_EMAIL": "confirm"}
    async with mailing(url, folder, **settings) as site:
        await drive(site)
    async with mailing(url, folder, **settings, MAIL_URL=f"file:{folder}/none/outbox") as site:
        await drive(site)
    async with mail_server() as server:
        server.to_recipients = ["451 later marked-address", "550 no marked-address"]
        secret = f"smtp://127.0.0.1:{server.port}"
        async with mailing(url, folder, **settings, MAIL_URL=secret) as site:
            await drive(site)
            await eventually(lambda: len(server.taken) == 3)
    nowhere = "smtps://marked-user:marked-password@127.0.0.1:1"
    async with mailing(url, folder, **settings, MAIL_URL=nowhere) as site:
        assert (await site.service.client.get("/ready")).status_code == 200
        await drive(site)
    print(*TOKENS)

configure_logs("auth-service", "json", "DEBUG")
logging.getLogger("mail").setLevel(logging.CRITICAL)  # the scripted server's own
asyncio.run(run(sys.argv[1], Path(sys.argv[2])))
"""


async def test_nothing_of_a_mail_is_logged(
    service: object, database_url: str, tmp_path: Path
) -> None:
    done = subprocess.run(  # noqa: ASYNC221 -- nothing else runs meanwhile
        [sys.executable, "-c", JOURNEY, database_url, str(tmp_path)],
        cwd=CHECKOUT,
        env=bare_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    tokens = done.stdout.split()
    assert len(tokens) >= 4
    for secret in (*tokens, "marked", "new@example.com", "eyJ"):
        assert secret not in done.stderr, secret
    for event in ("mail_sent", "mail_delayed", "mail_refused", "mail_lost", "mail_unavailable"):
        assert event in done.stderr, event
