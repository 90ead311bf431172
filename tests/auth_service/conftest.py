from collections.abc import AsyncIterator, Iterator

import pytest

from auth_service.migrate import migrate
from standalone.postgres import running_postgres
from tests.auth_service.service import Service, make_settings, serving


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of this run's own; one of pytest-xdist's workers each."""
    with running_postgres(tmp_path_factory.mktemp("postgres"), durable=False) as server:
        yield server.url


@pytest.fixture(scope="session")
def database_url(postgres: str) -> str:
    """A database made by the migrations."""
    migrate(postgres)
    return postgres


@pytest.fixture(scope="session")
async def running(database_url: str) -> AsyncIterator[Service]:
    async with serving(make_settings(database_url)) as service:
        yield service


@pytest.fixture
async def service(running: Service) -> Service:
    """The service on an empty database."""
    running.clock.reset()
    # On few rows DELETE is far quicker than TRUNCATE; sessions and accounts go with their user.
    await running.write('DELETE FROM "user"')
    return running
