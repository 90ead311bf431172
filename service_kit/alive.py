"""`python -m service_kit.alive VARIABLE PORT`: exit 0 if the service in this container answers.

For container health checks, where the image has no curl. It asks the port the service listens on:
the one named by VARIABLE, else by PORT, else the given default.
"""

import os
import sys
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException

SECONDS = 2.0


def main(variable: str, default_port: str) -> int:
    """Ask `/health` on this machine once; return the exit status."""
    port = int(os.environ.get(variable) or os.environ.get("PORT") or default_port)
    connection = HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request("GET", "/health")
        return 0 if connection.getresponse().status == HTTPStatus.OK else 1
    except (OSError, HTTPException):
        return 1
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
