import asyncio
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import pytest
import uvloop

from api_service.auth_service_client import CONNECT_SECONDS, AuthServiceAway, AuthServiceClient
from tests.api_service.scripted_auth import scripted_auth
from tests.api_service.service import SECRET
from tests.faults.proxy import SLOW_SECONDS, Mode, proxied

TRIES = 400


async def asked(url: str, *, times: int = 1, seconds: float = 0.5) -> Counter[str]:
    """Ask so often, eight at once; return what came of it."""
    client, came = AuthServiceClient(url, SECRET), Counter[str]()
    room = asyncio.Semaphore(8)

    async def ask() -> None:
        async with room:
            try:
                await client.get("/api/auth/jwks", seconds=seconds)
            except AuthServiceAway:
                came["away"] += 1
            else:
                came["answered"] += 1

    await asyncio.gather(*(ask() for _ in range(times)))
    await client.close()
    return came


@contextmanager
def resetting() -> Iterator[str]:
    """Reset each connection as soon as there is one; yields the address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def reset_all() -> None:
            with suppress(OSError):  # closed
                while True:
                    taken, _ = listening.accept()
                    at_once = struct.pack("ii", 1, 0)
                    taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
                    taken.close()

        taking = threading.Thread(target=reset_all)
        taking.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)
        taking.join()


def test_connections_that_are_reset_are_an_auth_service_that_is_away() -> None:
    with resetting() as url:
        # In the loop that the service runs in, which has its own words for it.
        came = uvloop.run(asked(url, times=TRIES))

    assert came == {"away": TRIES}


@pytest.mark.parametrize("mode", ["slow", "black hole"])
async def test_an_answer_that_drips_is_waited_for_no_longer_than_silence(mode: Mode) -> None:
    async with scripted_auth() as auth, proxied(urlsplit(auth.url).port or 0) as proxy:
        address = f"http://127.0.0.1:{proxy.port}"
        assert await asked(address) == {"answered": 1}
        await proxy.turn(mode)
        began = time.monotonic()
        assert await asked(address, seconds=1.5 * SLOW_SECONDS) == {"away": 1}
        assert time.monotonic() - began < CONNECT_SECONDS + 5
