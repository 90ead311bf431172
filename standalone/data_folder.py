"""The folder everything embedded lives in: one run at a time, and secrets as lasting as it."""

import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
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
    """Return the secrets kept in a folder, a random one for each name that it lacks.

    Raises:
        CannotStart: The file they are kept in is damaged.
    """
    kept = read_secrets(folder)
    missing = [name for name in names if name not in kept]
    if missing:
        kept |= {name: secrets.token_hex(32) for name in missing}
        write_secrets(folder, kept)
    return kept


def read_secrets(folder: Path) -> dict[str, str]:
    """Return the secrets kept in a folder by their names; none where there is no file of them.

    Raises:
        CannotStart: The file is damaged.
    """
    path = folder / SECRETS_FILE
    try:
        return TypeAdapter(dict[str, str]).validate_json(path.read_bytes())
    except FileNotFoundError:
        return {}
    except ValidationError as error:
        raise CannotStart(
            f"{path} is damaged. Remove it to have new secrets made; "
            "readers will have to sign in again."
        ) from error


def write_secrets(folder: Path, kept: Mapping[str, str]) -> None:
    """Keep these secrets in a folder, whole and for its owner alone."""
    path = folder / SECRETS_FILE
    temporary = path.with_suffix(".new")
    temporary.unlink(missing_ok=True)
    temporary.touch(mode=0o600)
    temporary.write_text(json.dumps(kept, indent=2), encoding="utf-8")
    temporary.replace(path)


def not_replaced(kept: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """Return the kept secrets that count beside the given ones.

    JWT_SECRET and JWT_SECRETS, which is a list, stand for one another.
    """
    replaced = {name.removesuffix("S") for name in given}
    return {name: value for name, value in kept.items() if name.removesuffix("S") not in replaced}
