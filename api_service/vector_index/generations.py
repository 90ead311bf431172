"""The folders of the embedded index on disk, and which of them is the live one.

    INDEX/lock                  held with flock by the one process that has the index open
    INDEX/current               names the live generation; replaced at once, by rename
    INDEX/generation-<hex>/     the engine's files, one folder per generation; beside them
                                made.json: the schema, and what the generation was made by
    INDEX/copy                  names a whole copy, and the generation it is a copy of

Ingestion works on a copy, held with flock meanwhile, and the copy then becomes the live generation.
Of what a crash leaves behind, a whole copy of the live generation that nobody holds is gone on with
by the next ingestion; the next process to open the index sweeps everything else.
"""

import fcntl
import json
import os
import re
import shutil
from pathlib import Path
from uuid import uuid4

from api_service.vector_index import SCHEMA, IndexInUse, IndexRefused, Made

_POINTER = "current"
_COPY = "copy"
_MADE = "made.json"
_SCHEMA = "schema"
_NAME = re.compile(r"generation-[0-9a-f]{32}")
_BLOCK = 1 << 20
_TRIES = 5
# Bytes that must be free before anything is written: the engine writes into mapped files, where a
# full disk kills the process with SIGBUS before anybody can say why.
_ROOM = 64 << 20

ROOM_TO_OPEN = 4 << 20
"""Bytes that must be free before an index is opened: the engine writes a little even then."""


def lock(index: Path) -> int:
    """Take the index folder for this process, making it if it is missing.

    Returns:
        The descriptor that holds the lock; closing it, or the end of the process, lets go.

    Raises:
        IndexInUse: Another process has the index open.
        OSError: The folder cannot be made or written.
    """
    index.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(index / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(descriptor, 32).decode(errors="replace").strip()
        os.close(descriptor)
        raise IndexInUse(
            f"The index in {index} is open in another process{f' ({holder})' if holder else ''}, "
            "and Qdrant's embedded engine lets one in at a time. Wait until that one has ended, "
            "or set QDRANT_URL to a Qdrant server, which any number of processes may share."
        ) from None
    os.truncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    return descriptor


def require_room(index: Path, room: int = _ROOM) -> None:
    """Refuse to go on when the disk is nearly full.

    Raises:
        IndexRefused: Less is free than the engine may need for its next files.
    """
    free = shutil.disk_usage(index).free
    if free < room:
        raise IndexRefused(
            f"The disk under {index} has {free >> 20} MB left, and the index needs "
            f"{room >> 20} MB. Make room, or choose another place with DATA_DIR."
        )


def new_name() -> str:
    """Return a name no generation has had."""
    return f"generation-{uuid4().hex}"


def current(index: Path) -> str | None:
    """Return the name of the live generation; None before the first.

    Raises:
        IndexRefused: The pointer names none.
    """
    try:
        name = (index / _POINTER).read_text(encoding="utf-8", errors="replace").strip()
    except FileNotFoundError:
        return None
    if not _NAME.fullmatch(name):
        raise IndexRefused(
            f"{index / _POINTER} does not name a generation of the index. Remove the folder "
            f"{index} and ingest the book again."
        )
    return name


def make_current(index: Path, name: str) -> None:
    """Point to a generation; after a crash the pointer names this one or the one before."""
    _replace(index / _POINTER, name)


def _replace(path: Path, text: str) -> None:
    """Replace a file at once: a crash leaves the old one or the new one."""
    fresh = path.with_name(f"{path.name}.new")
    with fresh.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def schema_of(folder: Path) -> int:
    """Return the schema of a generation's chunks; 1 for one that was made before it was noted.

    Raises:
        IndexRefused: A newer version of this program made it, or its note cannot be read.
    """
    try:
        schema = json.loads((folder / _MADE).read_text(encoding="utf-8"))[_SCHEMA]
    except FileNotFoundError:
        return 1
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexRefused(
            f"{folder / _MADE} cannot be read. Remove the folder {folder.parent} and ingest the "
            "book again."
        ) from error
    if schema > SCHEMA:
        raise IndexRefused(
            f"The index in {folder.parent} was made by a newer version of this program (schema "
            f"{schema}, and this one knows {SCHEMA}). Use that version, or remove the folder and "
            "ingest the book again."
        )
    return int(schema)


def note(folder: Path, made: Made | None = None) -> None:
    """Note beside a generation that it is of today's schema, and what it was made by."""
    _replace(folder / _MADE, json.dumps({_SCHEMA: SCHEMA, **(made or {})}, indent=1))


def sweep(index: Path) -> None:
    """Remove every generation but the live one and a copy that is good to go on with."""
    keep = {current(index), left_over(index)}
    for entry in index.iterdir():
        if _NAME.fullmatch(entry.name) and entry.name not in keep:
            shutil.rmtree(entry, ignore_errors=True)


def hold(folder: Path) -> int:
    """Take a copy for this process; return the descriptor that holds it.

    Raises:
        OSError: It is not there, or another process has it.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def left_over(index: Path) -> str | None:
    """Return the whole copy of the live generation that nobody holds, if there is one."""
    try:
        name, source = (index / _COPY).read_text(encoding="utf-8").split()
        if not _NAME.fullmatch(name) or source != current(index):
            return None
        os.close(hold(index / name))
    except (OSError, ValueError):
        return None
    return name


def copy(index: Path, source: str, target: str) -> None:
    """Copy a generation that nobody writes to meanwhile.

    Raises:
        IndexRefused: There is no room for it.
        OSError: The file system failed.
    """
    require_room(index)
    shutil.copytree(index / source, index / target, copy_function=_copy_without_holes)
    # Only now: a copy that a crash cut short is named nowhere.
    _replace(index / _COPY, f"{target} {source}")


def take(index: Path, folder: Path) -> None:
    """Copy the live generation into a folder of its own, which is an index then, or stays empty.

    Also while another process has the index open: what is live is written to by nobody, but may
    be replaced, and removed, at any moment.

    Raises:
        IndexRefused: The pointer names none, again and again one that is gone.
        OSError: The file system failed.
    """
    for _ in range(_TRIES):
        name = current(index)
        if name is None:
            return
        try:
            shutil.copytree(index / name, folder / name, copy_function=_copy_without_holes)
        except (FileNotFoundError, shutil.Error):
            if current(index) == name:
                raise
            shutil.rmtree(folder / name, ignore_errors=True)
            continue
        make_current(folder, name)
        return
    raise IndexRefused("The index is being replaced again and again; try once more.")


def _copy_without_holes(source: str, target: str) -> None:
    """Copy a file and leave its holes holes.

    The engine reserves space ahead: a book of 150 KB lies in files that add up to 165 MB.
    """
    size = Path(source).stat().st_size
    with Path(source).open("rb", buffering=0) as old, Path(target).open("wb", buffering=0) as new:
        new.truncate(size)
        start = _next_data(old.fileno(), 0)
        while start is not None:
            end = os.lseek(old.fileno(), start, os.SEEK_HOLE)
            old.seek(start)
            new.seek(start)
            while start < end:
                start += new.write(old.read(min(_BLOCK, end - start)))
            start = _next_data(old.fileno(), end)


def _next_data(descriptor: int, offset: int) -> int | None:
    try:
        return os.lseek(descriptor, offset, os.SEEK_DATA)
    except OSError:  # ENXIO: nothing but a hole up to the end
        return None
