"""Runs the service: `python -m auth_service`, or `book-auth`; `--reload` for development."""

from pathlib import Path

from auth_service.app import SERVICE, create_app
from auth_service.settings import Settings
from service_kit.serve import serve


def main() -> None:
    """Serve until told to stop."""
    serve(SERVICE, Settings, create_app, Path(__file__).parent)


if __name__ == "__main__":
    main()
