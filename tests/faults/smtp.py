"""The mail server, to which auth-service hands its letters."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from auth_service.migrate import migrate
from standalone.postgres import running_postgres
from tests.auth_service.mail.server import MailServer, mail_server
from tests.faults.cells import Dependency, Question, Site, told
from tests.faults.postgres import AUTH, READER, asking, health, ready, signed_up
from tests.faults.proxy import proxied
from tests.faults.service_process import service_process

DELIVERED_SECONDS = 2.0
"""Within which a mail arrives."""

CHECKED_SECONDS = 10
"""How long an answer of the mail server's is told in /ready."""


@dataclass(frozen=True, slots=True)
class MailSite(Site):
    """auth-service.

    Attributes:
        server: Takes its mail.
        posted: One entry for each mail that it was asked for.
    """

    server: MailServer
    posted: list[str] = field(default_factory=list)

    @property
    def all_arrived(self) -> bool:
        """Whether every mail asked for has arrived, once."""
        return len(self.server.taken) == len(self.posted)


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[MailSite]:
    """Run auth-service with its mail server behind a proxy."""
    with running_postgres(folder / "postgres", durable=False) as database:
        await asyncio.to_thread(migrate, database.url)
        async with (
            mail_server() as server,
            proxied(server.port) as proxy,
            service_process(
                "auth_service",
                folder,
                DATABASE_URL=database.url,
                MAIL_URL=f"smtp://127.0.0.1:{proxy.port}",
            ) as auth,
            asking(auth.address) as http,
        ):
            await signed_up(http)
            yield MailSite(proxy, auth, http, server)


async def ask_for_reset(site: MailSite) -> str:
    """Ask for a mail that resets a password."""
    body = {"email": READER["email"], "redirectTo": "http://localhost:3000/reset"}
    site.posted.append(body["email"])
    return told(await site.http.post(f"{AUTH}/request-password-reset", json=body))


async def arrives(site: MailSite) -> str:
    """Tell whether every mail that was ever asked for has arrived."""
    give_up_at = time.monotonic() + DELIVERED_SECONDS
    while time.monotonic() < give_up_at:
        await asyncio.sleep(0.1)
        if site.all_arrived:
            return "all have arrived"
    return "waits"


SMTP: Dependency[MailSite] = Dependency(
    name="SMTP",
    prose=(
        "No reply waits for the mail server. A mail that cannot leave waits in auth-service and is "
        "tried again after 1, 2, 4 seconds and so on, a minute at most, for half an hour; each "
        "arrives, and once. `/ready` shows that the mail server is away, and is 200 all the same; "
        f"what the server answered is told for {CHECKED_SECONDS} s."
    ),
    running=running,
    questions=(
        Question("`GET /health`", health, well="200", away="200", seconds=3),
        Question("`GET /ready`", ready, well="200", away="200 mail", seconds=3),
        Question(
            "`POST /request-password-reset`", ask_for_reset, well="200", away="200", seconds=3
        ),
        Question("its mail", arrives, well="all have arrived", away="waits", seconds=3, at_once=1),
    ),
    recovery=70,
    quick=("refused", "cut"),
    pool=4,  # to the database, which its sign-ups use
    felt=CHECKED_SECONDS + 1,
)
