"""How an ingestion changes the embedded index while the service has it open.

Qdrant's engine lets one process in, so the two never write to the same files. Over a Unix socket
in the data folder the command asks for a copy of the live index, changes the copy, closes it, and
hands it over; the service then answers from it, and removes the former one. Each line is JSON:

    command   {"ask": "copy"}
    service   {"name": "generation-…"}     or  {"refused": "a sentence"}
    command   {"ask": "adopt"}             or {"ask": "leave"}, where nothing was done to it: it is
                                           thrown away unless an earlier command had left it;
                                           or anything else: it is thrown away
    service   {"name": "generation-…"}     or  {"refused": "a sentence"}

A command that ends without another word was broken off; the next one is given its copy.
Without a service at the socket, and on a Qdrant server, the command makes the copy itself.

A connection is an ingestion: one at a time, and a copy is adopted over the connection that asked
for it, so no name is ever taken from the other side. Only the user who runs the service can
connect. Nothing of this is reachable over HTTP.
"""

import asyncio
import json
import os
import socket
import stat
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import structlog

from api_service.problems import IndexUnavailable
from api_service.settings import BookSettings
from api_service.vector_index import IndexRefused, VectorIndex
from api_service.vector_index.drafts import Draft
from api_service.vector_index.embedded import EmbeddedIndex
from api_service.vector_index.opening import index_folder, open_index

log = structlog.get_logger(__name__)

_Index = TypeVar("_Index", bound=VectorIndex)

# What the kernel's address structure holds on Linux, its closing NUL left out; macOS: 103.
_LONGEST_ADDRESS = 103
_CONNECT_SECONDS = 5
_ANSWER_SECONDS = 120


def socket_path(settings: BookSettings) -> Path:
    """Return where the service listens for an ingestion."""
    return settings.data_dir / "ingest.sock"


@asynccontextmanager
async def serve_handover(index: VectorIndex, path: Path) -> AsyncIterator[None]:
    """Let ingestions change the index for as long as the context lasts.

    Does nothing for an index on a server: there an ingestion needs nobody's help. A socket file
    left by a process that was killed is replaced; whoever holds the index owns the path.
    """
    if not isinstance(index, EmbeddedIndex):
        yield
        return
    one_at_a_time = asyncio.Lock()
    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if one_at_a_time.locked():
                await _hear(reader)  # closing on an unread question would lose the answer
                await _say(writer, refused="Another ingestion is at work; wait until it has ended.")
                return
            async with one_at_a_time:
                await _serve_one(index, reader, writer)
        except (ConnectionError, ValueError):
            log.warning("ingestion_broken_off")
        finally:
            await _hang_up(writer)

    def start(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(serve(reader, writer))
        serving.add(task)
        task.add_done_callback(serving.discard)

    with _bound(path) as listening:
        server = await asyncio.start_unix_server(start, sock=listening)
        try:
            yield
        finally:
            server.close()
            for task in serving:
                task.cancel()
            await asyncio.gather(*serving, return_exceptions=True)


async def _serve_one(
    index: EmbeddedIndex, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    if await _hear(reader) != {"ask": "copy"}:
        await _say(writer, refused="The first line is no question this service knows.")
        return
    try:
        was_left = await index.left_over()
        name = await index.copy()
    except (IndexRefused, IndexUnavailable) as error:
        await _say(writer, refused=str(error))
        return
    await _say(writer, name=name)
    if (wish := await _hear_or_not(reader)) is None:
        return  # broken off, and gone on with by the next
    if was_left and wish == {"ask": "leave"}:
        return
    try:
        if wish != {"ask": "adopt"}:
            return
        try:
            await index.adopt(name)
        except (IndexRefused, IndexUnavailable) as error:
            await _say(writer, refused=str(error))
            return
        log.info("index_replaced", chunks=await index.count())
        await _say(writer, name=name)
    finally:
        await index.discard(name)


async def _hear_or_not(reader: asyncio.StreamReader) -> dict[str, str] | None:
    """Return the next message, an empty one for what is none; None at the end."""
    try:
        return await _hear(reader)
    except ConnectionError:
        return None
    except ValueError:
        return {}


@dataclass(frozen=True, slots=True)
class BorrowedIndex:
    """An index lent to an ingestion.

    Attributes:
        index: To be changed; readers see nothing of it yet.
        hand_over: Makes what was changed what readers search, all at once; to be called at the end
            of every ingestion, also of one that found nothing to do, since an earlier one may have
            left something done. Raises IndexRefused when the service does not take it, and
            IndexUnavailable when the service went away.
    """

    index: VectorIndex
    hand_over: Callable[[], Awaitable[None]]


@asynccontextmanager
async def borrowed_index(settings: BookSettings) -> AsyncIterator[BorrowedIndex]:
    """Open the index for an ingestion, whether or not the service has it open.

    What is not handed over is thrown away, unless an error ended the ingestion, or an earlier one:
    then the next one goes on with it, so that nothing is embedded twice.

    Raises:
        IndexRefused: Another ingestion is at work, or the index cannot be opened.
        IndexUnavailable: The service went away or could not copy.
    """
    connection = None if settings.qdrant_url else await _connect(socket_path(settings))
    if connection is None:
        async with _closing(await open_index(settings)) as live, _closing(Draft(live)) as draft:
            yield BorrowedIndex(draft, draft.hand_over)
            await draft.discard()
        return
    reader, writer = connection
    try:
        name = await _ask(reader, writer, "copy")
        try:
            copy = await EmbeddedIndex.open_copy(index_folder(settings), name, settings.book)
        except IndexRefused:  # the next ingestion is given another
            await _say(writer, ask="discard")
            raise

        async def hand_over() -> None:
            await copy.close()
            await _ask(reader, writer, "adopt")

        async with _closing(copy):
            yield BorrowedIndex(copy, hand_over)
        with suppress(ConnectionError):
            await _say(writer, ask="leave")
    except IndexUnavailable as error:
        if reader.at_eof():  # the copy went with the service
            raise _gone() from error
        raise
    finally:
        await _hang_up(writer)


@asynccontextmanager
async def _closing(index: _Index) -> AsyncIterator[_Index]:
    try:
        yield index
    finally:
        await index.close()


async def _connect(path: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(_CONNECT_SECONDS)
        with _address(path) as address:
            connection.connect(address)
    except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
        connection.close()
        return None
    except OSError as error:
        connection.close()
        raise IndexRefused(
            f"The service behind {path} cannot be reached: {error.strerror or error}."
        ) from error
    return await asyncio.open_unix_connection(sock=connection)


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, question: str) -> str:
    try:
        await _say(writer, ask=question)
        async with asyncio.timeout(_ANSWER_SECONDS):
            answer = await _hear(reader)
    except (TimeoutError, ValueError) as error:
        raise IndexUnavailable("The service that has the index does not answer.") from error
    except ConnectionError:
        answer = None
    if answer is None:
        raise _gone()
    if refusal := answer.get("refused"):
        raise IndexRefused(refusal)
    return answer["name"]


def _gone() -> IndexUnavailable:
    return IndexUnavailable("The service that has the index went away.")


async def _hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


async def _say(writer: asyncio.StreamWriter, **message: str) -> None:
    writer.write(json.dumps(message).encode() + b"\n")
    await writer.drain()


async def _hear(reader: asyncio.StreamReader) -> dict[str, str] | None:
    """Return the next message; None at the end.

    Raises:
        ValueError: The line is no JSON object, or longer than the stream's limit.
    """
    line = await reader.readline()
    if not line:
        return None
    message = json.loads(line)
    if not isinstance(message, dict):
        raise ValueError("a message is a JSON object")  # noqa: TRY004 -- wrong input, not a bug
    return message


@contextmanager
def _bound(path: Path) -> Iterator[socket.socket]:
    """Bind a socket to path, for this user alone, in the place of any that was left there."""
    if path.exists() and not stat.S_ISSOCK(path.stat().st_mode):
        raise IndexRefused(f"{path} is in the way: a socket of that name is needed there.")
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        with _address(path) as address:
            listening.bind(address)
        # Nobody can connect before listen() is called, and by then this has happened.
        path.chmod(0o600)
        try:
            yield listening
        finally:
            path.unlink(missing_ok=True)


@contextmanager
def _address(path: Path) -> Iterator[str]:
    """Give a name for path that is short enough for a socket's address."""
    if len(os.fsencode(path)) <= _LONGEST_ADDRESS:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
