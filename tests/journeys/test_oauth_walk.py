"""The pages' way to sign in with providers, the last step at one that asks nothing."""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from auth_service.migrate import migrate
from standalone.postgres import running_postgres
from tests.auth_service.oauth.authorization_server import CLIENT_SECRET, provider_serving
from tests.auth_service.test_main import started
from tests.journeys.readme import commands

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_postgres(tmp_path_factory.mktemp("walk"), durable=False) as server:
        migrate(server.url)
        yield server.url


async def test_the_page_signs_a_reader_in_with_a_provider(database: str, tmp_path: Path) -> None:
    github, campus, ask, walk = commands("docs/accounts.md")["Sign in with Google or GitHub"]
    assert CLIENT_SECRET in campus
    async with provider_serving() as provider:
        campus = campus.replace("https://login.campus.example", provider.url)
        shell(f"{github}\n{campus}", tmp_path)
        asked, came_back = await asyncio.to_thread(walked, tmp_path, database, ask, walk)

    told = json.loads(asked)
    parameters = parse_qs(urlsplit(told["url"]).query)
    assert told["redirect"] is True
    assert told["url"].startswith("https://github.com/login/oauth/authorize?")
    assert parameters["client_id"] == ["id-of-the-site-at-github"]
    assert parameters["code_challenge_method"] == ["S256"]
    assert json.loads(came_back)["user"]["email"] == "mina@example.com"


def walked(folder: Path, database: str, *blocks: str) -> list[str]:
    """What the blocks print beside a service that finds its providers in the folder's .env."""
    with started(folder, DATABASE_URL=database) as (client, _):
        port = client.base_url.port
        return [shell(block.replace(":3001", f":{port}"), folder) for block in blocks]


def shell(script: str, folder: Path) -> str:
    return subprocess.run(
        ["bash", "-euc", script],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
