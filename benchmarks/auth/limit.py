"""The least a session costs in Python: bare Starlette and one joined SELECT through asyncpg.

`python -m benchmarks.auth.limit` listens on PORT and reads DATABASE_URL. It checks nothing, so it
is good for being measured and for nothing else.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import unquote

import asyncpg
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

_SELECT = """
    SELECT session.*, "user".* FROM session JOIN "user" ON "user".id = session."userId"
    WHERE session.token = $1
"""


async def get_session(request: Request) -> JSONResponse:
    """Answer with the session's row as it comes."""
    cookie = request.headers["cookie"].partition("=")[2]
    token = unquote(cookie).partition(".")[0]
    row = await request.state.pool.fetchrow(_SELECT, token)
    return JSONResponse({name: str(value) for name, value in row.items()})


@asynccontextmanager
async def _pool(_app: Starlette) -> AsyncIterator[dict[str, object]]:
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], reset=_nothing) as pool:
        yield {"pool": pool}


async def _nothing(_connection: object) -> None:
    pass


if __name__ == "__main__":
    uvicorn.run(
        Starlette(routes=[Route("/api/auth/get-session", get_session)], lifespan=_pool),
        port=int(os.environ["PORT"]),
        access_log=False,
        log_level="warning",
    )
