"""The embedded index's shards as they lie on disk: taken, loaded, made and mended."""

import ctypes
import os
from contextlib import suppress
from pathlib import Path

import qdrant_edge as qdrant

from api_service.vector_index import SCHEMA, IndexRefused, engine, generations


def claim(index: Path) -> tuple[int, qdrant.EdgeShard, str]:
    """Take the index folder for this process, and load its live generation or make one.

    Returns:
        The descriptor that holds the folder, the shard, and the generation's name.

    Raises:
        IndexInUse: Another process has it.
        IndexRefused: The folder cannot be read or written, or is of a newer version.
    """
    try:
        lock = generations.lock(index)
        try:
            return lock, *_live_shard(index)
        except BaseException:
            os.close(lock)
            raise
    except OSError as error:
        raise IndexRefused(
            f"The index folder {index} cannot be used: {error.strerror}. Choose another place with "
            "DATA_DIR."
        ) from error


def held(folder: Path) -> tuple[int, qdrant.EdgeShard]:
    """Take a copy for this process and load it; return the descriptor that holds it, and the shard.

    Raises:
        IndexRefused: It cannot be read, or another process has it.
    """
    try:
        lock = generations.hold(folder)
    except OSError as error:
        raise IndexRefused(
            f"The copy of the index in {folder} cannot be used: {error.strerror}."
        ) from error
    try:
        return lock, engine.load(folder)
    except BaseException:
        os.close(lock)
        raise


def reopened(folder: Path) -> qdrant.EdgeShard:
    """Load a shard that this process has just closed, and give back the memory it had taken.

    What the engine has built in memory is larger there than what it reads from its files.

    Raises:
        IndexRefused: It cannot be read, or the disk is nearly full.
    """
    _give_back()
    opened = engine.load(folder)
    _give_back()
    return opened


def _give_back() -> None:
    """Return to the system what the engine has freed, where the C library can: in glibc's case."""
    with suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def _live_shard(index: Path) -> tuple[qdrant.EdgeShard, str]:
    generations.sweep(index)
    if name := generations.current(index):
        schema = generations.schema_of(index / name)
        shard = engine.load(index / name)
        if schema < SCHEMA:
            engine.name_books(shard)
            generations.note(index / name)
        return shard, name
    generations.require_room(index)
    name = generations.new_name()
    shard = engine.create(index / name)
    generations.note(index / name)
    generations.make_current(index, name)
    return shard, name
