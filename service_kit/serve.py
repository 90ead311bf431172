"""Running a service: what `python -m auth_service` and `python -m api_service` have in common."""

import argparse
import sys
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Protocol

import structlog
import uvicorn
from starlette.types import ASGIApp
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import ChangeReload

from service_kit.connections import ConnectionLimits, ServingProtocol
from service_kit.open_files import most_connections, raise_limit
from service_kit.settings import BadSettings
from service_kit.stopping import end_with_0
from service_kit.worker_processes import serve_by_several

log = structlog.get_logger(__name__)

KEEP_ALIVE_SECONDS = 75
"""How long a connection may be idle: longer than proxies and clients keep theirs, often 60 s.

Else one could send a request on a connection that is just being closed here, and lose it.
"""


class Served(Protocol):
    """The settings that say where and how a service listens."""

    @property
    def host(self) -> str:
        """The address to listen on."""
        ...

    @property
    def port(self) -> int:
        """The port to listen on."""
        ...

    @property
    def workers(self) -> int:
        """How many processes listen there."""
        ...

    @property
    def max_connections(self) -> int:
        """How many connections each process serves."""
        ...

    @property
    def shutdown_patience(self) -> timedelta:
        """How long requests under way may still take once nobody is let in any more."""
        ...

    @property
    def metrics_port(self) -> int | None:
        """The port to tell metrics on; None: nothing is measured."""
        ...


class Settings(Protocol):
    """A settings class that reads the environment."""

    def from_environment(self) -> Served:
        """Read the settings of this process; raises BadSettings."""
        ...


def serve(service: str, settings: Settings, create_app: Callable[[], ASGIApp], code: Path) -> None:
    """Serve until told to stop; exit with 2 and a sentence per line when a setting is wrong.

    Args:
        service: The service's name on log lines.
        settings: Its settings class.
        create_app: Returns the application the environment describes.
        code: The service's package, watched with this one by `--reload`.
    """
    end_with_0()
    parser = argparse.ArgumentParser(prog=service)
    parser.add_argument("--reload", action="store_true", help="restart when the code changes")
    arguments = parser.parse_args()
    try:
        known = settings.from_environment()
        app = create_app()
        # Several workers, and --reload, build it in processes of their own, which get its name.
        by_name = known.workers > 1 or arguments.reload
        if known.metrics_port is not None:
            from service_kit.metrics.port import serve_metrics  # half a megabyte, if it is wanted

            serve_metrics(known.host, known.metrics_port, public=known.port, several=by_name)
    except BadSettings as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    raise_limit()
    limits = ConnectionLimits(connections=most_connections(known.max_connections))
    log.info("service_starting", host=known.host, port=known.port, workers=known.workers)
    config = uvicorn.Config(
        f"{create_app.__module__}:{create_app.__name__}" if by_name else app,
        factory=by_name,
        http=partial(ServingProtocol, limits=limits),  # type: ignore[arg-type]  # it makes one
        ws="none",
        host=known.host,
        port=known.port,
        workers=known.workers,
        reload=arguments.reload,
        reload_dirs=[str(code), str(Path(__file__).parent)] if arguments.reload else None,
        reload_includes=["*.py", "*.md"] if arguments.reload else None,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # TRUSTED_PROXIES says whom to believe, not the server
        timeout_graceful_shutdown=int(known.shutdown_patience.total_seconds()),
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )
    if config.should_reload:
        ChangeReload(
            config, target=uvicorn.Server(config).run, sockets=[config.bind_socket()]
        ).run()
    elif known.workers > 1:
        serve_by_several(config)
    else:
        server = uvicorn.Server(config)
        server.run()
        if not server.started:
            sys.exit(STARTUP_FAILURE)
