from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api_service.qdrant_server import qdrant_server
from tests.service_kit.redis_server import running_redis


@pytest.fixture(scope="module")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Qdrant server for all tests of a module."""
    with qdrant_server(tmp_path_factory.mktemp("qdrant") / "storage") as url:
        yield url


@pytest.fixture(params=["embedded", "server"])
def qdrant_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str | None]:
    """None, for the index in the process of the service; then a server of the test's own."""
    if request.param == "embedded":
        yield None
        return
    with qdrant_server(tmp_path / "storage") as url:
        yield url


@pytest.fixture(params=["memory", "redis"])
def counted_in(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where requests, answers and tokens are counted: in the process, then in a Redis."""
    if request.param == "memory":
        yield "memory://"
        return
    with running_redis(tmp_path) as redis:
        yield redis.uri
