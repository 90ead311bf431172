"""Runs the service: `python -m auth_service`, or `book-auth`; `--reload` for development."""

import argparse
import sys
from pathlib import Path

import uvicorn
from fastapi import FastAPI

import service_kit
from auth_service.app import create_app
from auth_service.settings import Settings
from service_kit.logs import configure_logs
from service_kit.settings import BadSettings

_CODE = (Path(__file__).parent, Path(service_kit.__file__).parent)

GRACE_SECONDS = 20
"""What requests under way get when the service is told to stop; Compose waits 30."""


def configured_app() -> FastAPI:
    """Build the service from the environment, and set up its logs.

    Raises:
        BadSettings: A setting is missing or wrong.
    """
    settings = Settings.from_environment()
    app = create_app(settings)
    configure_logs("auth-service", settings.log_format, settings.log_level)
    return app


def main() -> None:
    """Serve until told to stop; exits with 2 when a setting is wrong."""
    parser = argparse.ArgumentParser(prog="book-auth", description=__doc__)
    parser.add_argument("--reload", action="store_true", help="start again when the code changes")
    watch: bool = parser.parse_args().reload
    try:
        settings = Settings.from_environment()
        app = configured_app()
    except BadSettings as error:
        print(error, file=sys.stderr)  # noqa: T201 -- said to a person, before there are logs
        raise SystemExit(2) from None
    uvicorn.run(
        "auth_service.__main__:configured_app" if watch else app,
        factory=watch,
        reload=watch,
        reload_dirs=[str(folder) for folder in _CODE] if watch else None,
        host=settings.auth_server_host,
        port=settings.auth_server_port,
        loop="uvloop",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # TRUSTED_PROXIES says whom to believe, not the server
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


if __name__ == "__main__":
    main()
