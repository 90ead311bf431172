"""The service beside its providers, and a browser that goes from one to the other."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.auth_service.oauth.authorization_server import Provider
from tests.auth_service.service import ORIGIN, Service, set_cookies

OURS = "http://localhost:3001"
PAGES = {"callbackURL": f"{ORIGIN}/done", "errorCallbackURL": f"{ORIGIN}/oops?a=1"}
KINDS = ["google", "github", "campus"]


@dataclass
class Browser:
    """Keeps cookies, and follows redirects until it arrives at a page of the site."""

    service: Service
    cookies: dict[str, str] = field(default_factory=dict)

    async def send(self, method: str, path: str, body: object = None) -> httpx.Response:
        held = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"origin": ORIGIN} | ({"cookie": held} if held else {})
        url = path if path.startswith("http") else f"/api/auth/{path}"
        reply = await self.service.client.request(method, url, headers=headers, json=body)
        for name, line in set_cookies(reply).items():
            value, *attributes = line.split("; ")
            if "Max-Age=0" in attributes:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return reply

    async def post(self, path: str, body: object) -> httpx.Response:
        return await self.send("POST", path, body)

    async def get(self, path: str) -> httpx.Response:
        return await self.send("GET", path)

    async def start(
        self,
        provider: str,
        path: str = "sign-in/social",
        wishes: Mapping[str, object] = MappingProxyType({}),
    ) -> str:
        """Ask where to go; the authorize URL."""
        reply = await self.post(path, {"provider": provider, **PAGES, **wishes})
        assert reply.status_code == 200, reply.text
        url: str = reply.json()["url"]
        return url

    async def consent(self, url: str) -> str:
        """Go to the provider; the callback URL it sends the browser back to."""
        async with httpx.AsyncClient() as elsewhere:
            reply = await elsewhere.get(url)
        assert reply.status_code == 302, reply.text
        return reply.headers["location"]

    async def arrive(self, url: str) -> str:
        """Follow a callback; the page the browser ends at."""
        reply = await self.get(url)
        assert reply.status_code == 302, reply.text
        page: str = reply.headers["location"]
        return page

    async def sign_in(self, provider: str, **body: str) -> str:
        return await self.arrive(await self.consent(await self.start(provider, wishes=body)))

    async def link(self, provider: str) -> str:
        return await self.arrive(await self.consent(await self.start(provider, "link-social")))

    async def user(self) -> dict[str, Any] | None:
        body: dict[str, Any] | None = (await self.get("get-session")).json()
        return None if body is None else body["user"]

    async def accounts(self) -> list[dict[str, Any]]:
        """The ways in, the password first: the clock stands, so their order says nothing."""
        accounts: list[dict[str, Any]] = (await self.get("list-accounts")).json()
        return sorted(accounts, key=lambda account: account["providerId"] != "credential")


@dataclass
class Site:
    """The service, its provider, and browsers."""

    service: Service
    provider: Provider

    def browser(self) -> Browser:
        return Browser(self.service)

    async def reader(self, email: str = "mina@example.com", *, verified: bool = False) -> Browser:
        """A browser of somebody who has signed up with a password."""
        browser = self.browser()
        body = {"name": "Mina", "email": email, "password": "correct horse battery"}
        assert (await browser.post("sign-up/email", body)).status_code == 200
        if verified:
            await self.service.write('UPDATE "user" SET "emailVerified" = true')
        return browser

    async def count(self, table: str) -> int:
        ((number,),) = await self.service.rows(f'SELECT count(*) FROM "{table}"')  # noqa: S608 -- a name of ours
        assert isinstance(number, int)
        return number


def error_of(url: str) -> str:
    (error,) = parse_qs(urlsplit(url).query)["error"]
    return error


def parameters(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


DONE = f"{ORIGIN}/done"
