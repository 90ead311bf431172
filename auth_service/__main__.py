"""Runs the service: `python -m auth_service`, or `book-auth`; `--reload` for development."""

from pathlib import Path

from service_kit.stopping import end_with_0


def main() -> None:
    """Serve until told to stop."""
    end_with_0()
    # Imported only now: it takes a second, in which a container's first process would not hear.
    from auth_service.app import SERVICE, create_app
    from auth_service.settings import Settings
    from service_kit.serve import serve

    serve(SERVICE, Settings, create_app, Path(__file__).parent)


if __name__ == "__main__":
    main()
