"""`make env`: write `.env` from `.env.example` with random secrets, unless there is one.

Runs before anything is installed, so it needs nothing but Python.
"""

import re
import secrets
import sys
from pathlib import Path

SECRETS = ("BETTER_AUTH_SECRET", "JWT_SECRET", "POSTGRES_PASSWORD")


def filled(example: str) -> str:
    """Return the example's text with a random value for each of SECRETS."""
    for name in SECRETS:
        example = re.sub(
            rf"^{name}=.*$", f"{name}={secrets.token_hex(32)}", example, flags=re.MULTILINE
        )
    return example


def main(folder: Path) -> int:
    """Write `.env` into folder; return the exit status."""
    path = folder / ".env"
    example = (folder / ".env.example").read_text(encoding="utf-8")
    try:
        path.touch(mode=0o600, exist_ok=False)
    except FileExistsError:
        print(".env is there already; nothing was changed.", file=sys.stderr)
        return 0
    path.write_text(filled(example), encoding="utf-8")
    print("Wrote .env with random secrets.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path.cwd()))
