"""A signed-in reader's requests, and the statements they cost."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from sqlalchemy import event

from tests.auth_service.service import ORIGIN, CountedReader, Service

CLEARED = {
    f"better-auth.{name}": "; Max-Age=0; Path=/; HttpOnly; SameSite=Lax"
    for name in ("session_token", "session_data", "dont_remember")
}
UNAUTHORIZED = (401, {"message": "Unauthorized", "code": "UNAUTHORIZED"})


async def post(
    service: Service, path: str, cookie: str | None, body: object = None
) -> httpx.Response:
    """Post as a page of the site does; without a body unless one is given."""
    headers = {"origin": ORIGIN} | ({"cookie": cookie} if cookie else {})
    return await service.client.post(f"/api/auth/{path}", json=body, headers=headers)


async def get(service: Service, path: str, cookie: str | None = None) -> httpx.Response:
    headers = {"cookie": cookie} if cookie else {}
    return await service.client.get(f"/api/auth/{path}", headers=headers)


def told(response: httpx.Response) -> tuple[int, object]:
    """What a reply says: status and body."""
    return response.status_code, response.json()


@contextmanager
def counted(service: Service) -> Iterator[list[str]]:
    """Collect the statements run meanwhile, by engine and reader alike, BEGIN and COMMIT aside."""
    statements: list[str] = []

    def collect(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    reader = service.resources.reader
    assert isinstance(reader, CountedReader)
    reader.told.append(statements)
    engine = service.resources.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", collect)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", collect)
        reader.told.pop()


async def waiting(service: Service, number: int) -> None:
    """Wait until so many requests wait for a lock."""
    asked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    while await service.rows(asked) != [(number,)]:  # noqa: ASYNC110 -- the database tells of no event
        await asyncio.sleep(0.01)
