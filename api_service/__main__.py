"""`python -m api_service`, `book-api`: serve until told to stop; `--reload` restarts on edits."""

import argparse
import sys
from pathlib import Path

import uvicorn

import service_kit
from api_service.app import SERVICE
from api_service.settings import Settings
from service_kit.logs import configure_logs
from service_kit.settings import BadSettings

STOP_SECONDS = 20
"""How long requests under way may still take once the service is told to stop."""


_CODE = [str(Path(__file__).parent), str(Path(service_kit.__file__).parent)]


def main() -> None:
    """Run the command; exit status 2 says that a setting is missing or wrong."""
    parser = argparse.ArgumentParser(prog="book-api", description="Answers questions to the book.")
    parser.add_argument("--reload", action="store_true", help="restart when the code changes")
    arguments = parser.parse_args()
    try:
        settings = Settings.from_environment()
    except BadSettings as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    configure_logs(SERVICE, settings.log_format, settings.log_level)
    # Named, not handed over: with workers or --reload uvicorn builds it in processes of its own.
    uvicorn.run(
        "api_service.app:create_app",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        reload=arguments.reload,
        reload_dirs=_CODE,
        reload_includes=["*.py", "*.md"],
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=STOP_SECONDS,
    )


if __name__ == "__main__":
    main()
