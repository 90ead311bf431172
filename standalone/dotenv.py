"""`make env`: write `.env` from `.env.example` with random secrets, or add those that `.env` lacks.

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
        example = re.sub(rf"^{name}=.*$", _made(name), example, flags=re.MULTILINE)
    return example


def completed(text: str) -> str:
    """Return the text of an `.env`, followed by those of SECRETS that have no value in it."""
    lacking = [
        name
        for name in SECRETS
        if not re.search(rf"^(?:export +)?{name} *= *\S", text, flags=re.MULTILINE)
    ]
    if lacking and text and not text.endswith("\n"):
        text += "\n"
    return text + "".join(f"{_made(name)}\n" for name in lacking)


def main(folder: Path) -> int:
    """Write or complete `.env` in folder; return the exit status."""
    path = folder / ".env"
    try:
        path.touch(mode=0o600, exist_ok=False)
    except FileExistsError:
        return _complete(path)
    path.write_text(filled((folder / ".env.example").read_text("utf-8")), encoding="utf-8")
    print("Wrote .env with random secrets.", file=sys.stderr)
    return 0


def _complete(path: Path) -> int:
    text = path.read_text(encoding="utf-8")
    if (whole := completed(text)) == text:
        print(".env has its secrets already; nothing was changed.", file=sys.stderr)
        return 0
    path.chmod(0o600)
    path.write_text(whole, encoding="utf-8")
    print("Added the random secrets that .env did not have.", file=sys.stderr)
    return 0


def _made(name: str) -> str:
    return f"{name}={secrets.token_hex(32)}"


if __name__ == "__main__":
    sys.exit(main(Path.cwd()))
