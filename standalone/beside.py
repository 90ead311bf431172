"""Runs a command on the database in use: `python -m standalone.beside MODULE ARGUMENT…`.

That of DATABASE_URL; without one, the embedded PostgreSQL of the `make run` that is running. The
command is a process of its own, which this one becomes.
"""

import os
import sys

from service_kit.settings import BadSettings
from standalone.cluster import PostgresUnavailable
from standalone.postgres import served_url
from standalone.settings import Settings


def main() -> None:
    """Become the command; exits with 1 where there is no database to run it on."""
    module, *arguments = sys.argv[1:]
    try:
        settings = Settings.from_environment()
        environment = dict(os.environ)
        if settings.database_url is None:
            environment["DATABASE_URL"] = served_url(settings.data_dir.absolute() / "postgres")
    except (BadSettings, PostgresUnavailable) as error:
        print(error, file=sys.stderr)
        raise SystemExit(1) from None
    command = [sys.executable, "-m", module, *arguments]
    os.execve(sys.executable, command, environment)  # noqa: S606 -- our own interpreter and modules


if __name__ == "__main__":
    main()
