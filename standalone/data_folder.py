"""The folder everything embedded lives in: one run at a time, and secrets as lasting as it."""

import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from standalone.refusals import CannotStart

SECRETS_FILE = "secrets.json"
"""Where the secrets are, in the folder."""

FREE_BYTES = 200 * 1024 * 1024
"""PostgreSQL's files and the index of a first start fit into this."""


@contextmanager
def locked(folder: Path) -> Iterator[Path]:
    """Make the folder, hold it for this run and yield its absolute path.

    Raises:
        CannotStart: Another run holds it, it cannot be written, or its disk is full.
    """
    path = folder.absolute()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The lock belongs to the open file, so it ends with this process however that ends.
        lock = os.open(path / "run.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise CannotStart(
            f"The data folder {path} cannot be written ({error.strerror}); "
            "set DATA_DIR to a folder that can."
        ) from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotStart(
                f"The data folder {path} is in use by another run; "
                "stop that one, or set DATA_DIR to a folder of this run's own."
            ) from None
        if shutil.disk_usage(path).free < FREE_BYTES:
            raise CannotStart(
                f"The disk of the data folder {path} has less than "
                f"{FREE_BYTES // 1024**2} MB left; free some, or set DATA_DIR to another disk."
            )
        yield path
    finally:
        os.close(lock)


def kept_secrets(folder: Path, names: tuple[str, ...]) -> dict[str, str]:
    """Return a random secret for each name, the same ones at every start with this folder.

    Raises:
        CannotStart: The file they are kept in is damaged.
    """
    path = folder / SECRETS_FILE
    try:
        kept = TypeAdapter(dict[str, str]).validate_json(path.read_bytes())
    except FileNotFoundError:
        kept = {}
    except ValidationError as error:
        raise CannotStart(
            f"{path} is damaged. Remove it to have new secrets made; "
            "readers will have to sign in again."
        ) from error
    missing = [name for name in names if name not in kept]
    if missing:
        kept |= {name: secrets.token_hex(32) for name in missing}
        temporary = path.with_suffix(".new")
        temporary.touch(mode=0o600)
        temporary.write_text(json.dumps(kept, indent=2), encoding="utf-8")
        temporary.replace(path)
    return {name: kept[name] for name in names}
