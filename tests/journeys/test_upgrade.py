"""The last release and this one side by side on one database, under load: nobody notices."""

import asyncio
import os
import re
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from standalone.postgres import running_postgres
from tests.auth_service.service import ORIGIN, PASSWORD, bare_environment
from tests.contract import replicas
from tests.journeys.readme import CHECKOUT

pytestmark = [
    pytest.mark.journey,
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        os.environ.get("UPGRADE_JOURNEY") != "1", reason="runs by `make test-upgrade` alone"
    ),
]

_RELEASE = re.compile(r"\b\d+\.\d+\.\d+ \(`([0-9a-f]{7,40})`\)")
_READERS = 3
_ROUNDS = 5  # of each reader, in each state that the system is in


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the last release."""
    named = _RELEASE.search((CHECKOUT / "CHANGELOG.md").read_text("utf-8"))
    if named is None:
        pytest.skip("CHANGELOG.md names no release with its commit yet")
    folder = tmp_path_factory.mktemp("release")
    archive = subprocess.run(
        ["git", "-C", CHECKOUT, "archive", "--format=tar", named[1]],
        capture_output=True,
        check=False,
        timeout=60,
    )
    if archive.returncode != 0:
        pytest.skip(f"needs the commit {named[1]} of the last release, which this clone lacks")
    subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True, timeout=60)
    return folder


def migrate(code: Path, database: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "auth_service.migrate"],
        cwd=code,
        env=bare_environment(DATABASE_URL=database, PYTHONPATH=str(code)),
        check=True,
        timeout=60,
    )


class Load:
    """Readers who come back, draw and refresh tokens, use keys, ask for mails, sign in and out.

    So that each of their rounds reads or writes every table, at either release.

    Attributes:
        auth: Addresses of auth-service, each asked in turn; may change at any moment.
        api: Likewise of api-service.
        seen: How often which status was answered, by path.
        rounds: How often all of it was done.
    """

    def __init__(self) -> None:
        self.auth: list[str] = []
        self.api: list[str] = []
        self.seen: Counter[tuple[str, int]] = Counter()
        self.rounds = 0
        self._turn = 0

    async def read(self, number: int) -> None:
        """Be one reader until cancelled; each request goes to the service whose turn it is."""
        async with httpx.AsyncClient(timeout=30) as client:
            person = {"name": "Mina", "email": f"r{number}@example.com", "password": PASSWORD}
            signed_up = await self._asked(client, "POST", "/api/auth/sign-up/email", json=person)
            cookie = {"cookie": signed_up.headers["set-cookie"].partition(";")[0]}
            granted = await self._asked(
                client, "POST", "/api/auth/sign-in", json={**person, "grant": "refresh"}
            )
            refresh = granted.json()["refreshToken"]
            while True:
                await self._asked(client, "GET", "/api/auth/get-session", headers=cookie)
                drawn = await self._asked(client, "GET", "/api/auth/jwt", headers=cookie)
                bearer = {"authorization": f"Bearer {drawn.json()['token']}"}
                await self._asked(client, "GET", "/v1/me", headers=bearer)
                granted = await self._asked(
                    client, "POST", "/api/auth/token/refresh", json={"refreshToken": refresh}
                )
                refresh = granted.json()["refreshToken"]
                made = await self._asked(
                    client, "POST", "/api/auth/api-key/create", headers=cookie, json={"name": "x"}
                )
                await self._asked(
                    client, "GET", "/v1/me", headers={"x-api-key": made.json()["key"]}
                )
                forgot = {"email": person["email"]}
                await self._asked(client, "POST", "/api/auth/request-password-reset", json=forgot)
                again = await self._asked(client, "POST", "/api/auth/sign-in/email", json=person)
                left = {"cookie": again.headers["set-cookie"].partition(";")[0]}
                await self._asked(client, "POST", "/api/auth/sign-out", headers=left, json={})
                self.rounds += 1

    async def _asked(
        self,
        client: httpx.AsyncClient,
        method: str,
        path: str,
        **request: Any,  # noqa: ANN401 -- httpx's own
    ) -> httpx.Response:
        places = self.auth if path.startswith("/api/auth") else self.api
        self._turn += 1
        address = places[self._turn % len(places)]
        request["headers"] = {"origin": ORIGIN, **request.get("headers", {})}
        reply = await client.request(method, f"{address}{path}", **request)
        self.seen[path, reply.status_code] += 1
        assert reply.status_code == 200, f"{method} {address}{path}: {reply.text}"
        return reply

    async def goes_on(self, readers: "list[asyncio.Task[None]]") -> None:
        """Wait until every reader has had some rounds with the system as it is now."""
        until = self.rounds + _ROUNDS * len(readers)
        while self.rounds < until:
            for reader in readers:
                if reader.done():
                    reader.result()  # raises what ended it
            await asyncio.sleep(0.05)


async def test_a_rolling_upgrade_from_the_last_release_fails_no_request(
    release: Path, tmp_path: Path
) -> None:
    load = Load()
    with ExitStack() as stack:
        server = stack.enter_context(running_postgres(tmp_path / "postgres", durable=False))
        migrate(release, server.url)
        former = stack.enter_context(ExitStack())

        def start(stack: ExitStack, name: str, code: Path) -> tuple[str, str]:
            folder = tmp_path / name
            folder.mkdir()
            auth = stack.enter_context(
                replicas.auth_service(folder, server.url, PYTHONPATH=str(code))
            )
            api = replicas.api_service(folder, auth, RATE_LIMIT="off", PYTHONPATH=str(code))
            return auth, stack.enter_context(api)

        auth, api = await asyncio.to_thread(start, former, "former", release)
        load.auth, load.api = [auth], [api]
        readers = [asyncio.create_task(load.read(number)) for number in range(_READERS)]
        try:
            await load.goes_on(readers)
            await asyncio.to_thread(migrate, CHECKOUT, server.url)
            await load.goes_on(readers)

            new_auth, new_api = await asyncio.to_thread(start, stack, "new", CHECKOUT)
            load.auth, load.api = [auth, new_auth], [api, new_api]
            await load.goes_on(readers)
            await asyncio.to_thread(_sign_out_of_the_former, auth, new_api)

            load.auth, load.api = [new_auth], [new_api]
            await load.goes_on(readers)  # nothing is under way at the former ones any more
            await asyncio.to_thread(former.close)
            await load.goes_on(readers)
        finally:
            for reader in readers:
                reader.cancel()
            await asyncio.gather(*readers, return_exceptions=True)
    assert {status for _, status in load.seen} == {200}, load.seen
    assert {path for path, _ in load.seen} == {
        "/api/auth/sign-up/email",
        "/api/auth/sign-in",
        "/api/auth/sign-in/email",
        "/api/auth/sign-out",
        "/api/auth/get-session",
        "/api/auth/jwt",
        "/api/auth/token/refresh",
        "/api/auth/api-key/create",
        "/api/auth/request-password-reset",
        "/v1/me",
    }


def _sign_out_of_the_former(auth: str, new_api: str) -> None:
    """Have a sign-out at the former release end a token at this one."""
    with replicas.signed_up(auth, "leaves@example.com") as reader:
        assert replicas.asked(new_api, reader.token) == 200
        reader.post("sign-out")
        replicas.seconds_until(401, new_api, reader.token, at_most=20)
