"""`make run`: both services on this machine, with an embedded part for each not configured."""

import argparse
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from service_kit.settings import BadSettings
from standalone.cluster import PostgresUnavailable
from standalone.data_folder import kept_secrets, locked, not_replaced
from standalone.greeting import greeting
from standalone.postgres import running_postgres
from standalone.processes import (
    CLOSING_SECONDS,
    Service,
    refuse_taken_port,
    running,
    wait_until_alive,
    wait_until_one_ends,
)
from standalone.refusals import CannotStart, ServiceDied
from standalone.settings import Settings

CHECKOUT = Path(__file__).parent.parent
EXAMPLE_BOOK = CHECKOUT / "examples" / "book"


def main() -> None:
    """Start everything, say how to use it, and stop it again on Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(prog="book-run", description=__doc__)
    parser.add_argument(
        "--reload", action="store_true", help="restart a service when its code changes"
    )
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        run(Settings.from_environment(), reload=options.reload)
    except KeyboardInterrupt:
        _say("Stopped.")
    except (BadSettings, CannotStart, PostgresUnavailable, ServiceDied) as error:
        _say(str(error))
        sys.exit(1)


def run(settings: Settings, *, reload: bool) -> None:
    """Run until interrupted or until a service ends.

    Raises:
        CannotStart: Something needed is missing or taken.
        PostgresUnavailable: The embedded PostgreSQL does not come up.
        ServiceDied: A service ended by itself.
        KeyboardInterrupt: Somebody pressed Ctrl-C.
    """
    refuse_taken_port(settings.auth_host, settings.auth_port, "AUTH_SERVER_PORT")
    refuse_taken_port(settings.api_host, settings.api_port, "API_SERVER_PORT")
    flags = ["--reload"] if reload else []
    with ExitStack() as stack:
        data = stack.enter_context(locked(settings.data_dir))
        environment = _environment(settings, data)
        services: list[Service] = []
        ingest = ["api_service.ingestion", "--if-empty", str(EXAMPLE_BOOK)]
        with running("ingestion", ingest, environment) as ingestion:
            if settings.database_url is None:
                postgres = stack.enter_context(running_postgres(data / "postgres"))
                services.append(Service("PostgreSQL", postgres.process))
                environment = {**environment, "DATABASE_URL": postgres.url}
            _migrate(environment)
            serve = partial(
                running,
                environment=environment,
                stop_seconds=settings.shutdown_grace.total_seconds() + CLOSING_SECONDS,
            )
            auth = stack.enter_context(serve("auth-service", ["auth_service", *flags]))
            if ingestion.process.wait() != 0:
                raise CannotStart(
                    "The example book could not be ingested; the lines above say why."
                )
        api = stack.enter_context(serve("api-service", ["api_service", *flags]))
        wait_until_alive(auth, settings.auth_address)
        wait_until_alive(api, settings.api_address)
        print(greeting(settings, data), flush=True)
        wait_until_one_ends([*services, auth, api])


def _migrate(environment: Mapping[str, str]) -> None:
    with running("migration", ["auth_service.migrate"], environment) as migration:
        if migration.process.wait() != 0:
            raise CannotStart("The database could not be migrated; the lines above say why.")


def _environment(settings: Settings, data: Path) -> dict[str, str]:
    """Return what the services are told beyond what the user has set."""
    kept = kept_secrets(data, ("BETTER_AUTH_SECRET", "JWT_SECRET"))
    return {
        **not_replaced(kept, settings.secrets_given),
        "DATA_DIR": str(data),
        # One PORT for two services would be one too many.
        "AUTH_SERVER_PORT": str(settings.auth_port),
        "API_SERVER_PORT": str(settings.api_port),
        "AUTH_SERVICE_URL": os.environ.get("AUTH_SERVICE_URL") or settings.auth_address,
        "LOG_FORMAT": os.environ.get("LOG_FORMAT") or "text",
        "OPENAPI": "on" if settings.openapi else "off",
        # Nobody stands in front who would have to look elsewhere.
        "SHUTDOWN_NOTICE": os.environ.get("SHUTDOWN_NOTICE") or "0s",
    }


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
