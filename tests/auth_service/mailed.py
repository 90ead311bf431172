"""The service with a file for an outbox, and what its readers find there."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.auth_service.service import ORIGIN, Service, cookie_of, make_settings, serving


@dataclass(frozen=True, slots=True)
class Outbox:
    """The mails a service has sent."""

    path: Path

    def mails(self) -> list[dict[str, str]]:
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        return [json.loads(line) for line in lines]

    def latest(self) -> dict[str, str]:
        return self.mails()[-1]

    def empty(self) -> None:
        self.path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Mailing:
    """A service, its outbox, and the calls its readers make."""

    service: Service
    outbox: Outbox

    async def post(
        self, path: str, body: object, cookie: str | None = None, **headers: str
    ) -> httpx.Response:
        presented = {"cookie": cookie, "origin": ORIGIN} if cookie else {}
        return await self.service.client.post(
            f"/api/auth/{path}", json=body, headers={**presented, **headers}
        )

    async def get(self, path: str, cookie: str | None = None) -> httpx.Response:
        headers = {"cookie": cookie} if cookie else {}
        return await self.service.client.get(f"/api/auth/{path}", headers=headers)

    async def follow(self, url: str, cookie: str | None = None) -> httpx.Response:
        headers = {"cookie": cookie} if cookie else {}
        return await self.service.client.get(url, headers=headers)

    async def reader(self, email: str = "mina@example.com", *, verified: bool = False) -> str:
        """Sign a reader up and return their cookie."""
        cookie = cookie_of(await self.service.sign_up(email))
        if verified:
            await self.service.write(
                'UPDATE "user" SET "emailVerified" = true WHERE email = :email', email=email
            )
        return cookie

    async def user(self, email: str) -> tuple[object, ...] | None:
        """Return an address's user: its id and whether it is verified."""
        rows = await self.service.rows(
            'SELECT id, "emailVerified" FROM "user" WHERE email = :email', email=email
        )
        return rows[0] if rows else None


@asynccontextmanager
async def mailing(database_url: str, folder: Path, **settings: object) -> AsyncIterator[Mailing]:
    """Run the service on an empty database, its mail going to a file."""
    outbox = Outbox(folder / "outbox")
    made = make_settings(database_url, **{"MAIL_URL": f"file:{outbox.path}", **settings})
    async with serving(made) as service:
        await service.write('DELETE FROM "user"')
        await service.write("DELETE FROM verification")
        yield Mailing(service, outbox)
