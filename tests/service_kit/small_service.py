"""The smallest service that is served as both of ours are."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypedDict

from fastapi import FastAPI
from pydantic import Field
from starlette.responses import PlainTextResponse, Response

from service_kit.crashes import CrashMiddleware
from service_kit.health import health_routes
from service_kit.logs import configure_logs
from service_kit.metrics.settings import metrics_port_field
from service_kit.serve import serve
from service_kit.serving_settings import ServingSettings
from service_kit.settings import Port
from service_kit.stopping import Stopping, stopping_on_signals


class Settings(ServingSettings):
    host: str = "127.0.0.1"
    port: Port = Field(validation_alias="SMALL_PORT")
    workers: int = Field(default=1, validation_alias="WEB_CONCURRENCY")
    metrics_port: Port | None = metrics_port_field("SMALL_METRICS_PORT")


class State(TypedDict):
    stopping: Stopping


def stopped() -> Response:
    return PlainTextResponse("stopped", status_code=503)


def create_app() -> FastAPI:
    """Build the service of the environment; it prints when what it works with is closed."""
    settings = Settings.from_environment()
    configure_logs("small-service", "json", "INFO")

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[State]:
        async with stopping_on_signals(settings.shutdown_notice) as stopping:
            sys.stderr.write("opened\n")
            sys.stderr.flush()
            yield {"stopping": stopping}
        sys.stderr.write("closed\n")
        sys.stderr.flush()

    app = FastAPI(lifespan=lifespan)
    app.add_middleware(CrashMiddleware, render=stopped)
    app.include_router(health_routes("small-service", lambda _: {}))

    @app.get("/slow")
    async def slow(seconds: float) -> str:
        sys.stderr.write("under way\n")
        sys.stderr.flush()
        await asyncio.sleep(seconds)
        sys.stderr.write("finished\n")
        sys.stderr.flush()
        return "finished"

    @app.get("/last-words")
    async def last_words() -> None:
        sys.stderr.write("under way\n")
        sys.stderr.flush()
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.3)  # what it holds is given back to a server
            sys.stderr.write("given back\n")
            sys.stderr.flush()

    return app


def main() -> None:
    """Serve until told to stop."""
    serve("small-service", Settings, create_app, Path(__file__).parent)
