"""A way to the database that a test can cut, silence and restore."""

import asyncio
import ssl
import struct
from contextlib import suppress

# PostgreSQL documentation, section 54.7: length 8, then the code of a request for encryption.
_TLS_REQUEST = struct.pack("!ii", 8, 80877103)


class Relay:
    """Forwards a loopback port to a server, as a cable does that can be pulled.

    Args:
        port: Of the server behind.
        tls: Makes it an encrypted server, by PostgreSQL's own negotiation, which refuses callers
            who do not encrypt. (The binaries the tests run were built without TLS.)
    """

    def __init__(self, port: int, tls: ssl.SSLContext | None = None) -> None:
        self.target = port
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.silent = False
        """Connections are taken and nothing is ever said on them."""
        self.round_trips = 0
        """Times a client has waited for the server since it was signed in there."""

    async def restore(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Refuse new connections and break those there are."""
        if self._server is None:
            return
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        self._server = None
        await asyncio.sleep(0.05)  # until the other end has heard of it

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            if self.silent:
                await reader.read()
                return
            if self._tls is not None:
                if await reader.readexactly(8) != _TLS_REQUEST:
                    return
                writer.write(b"S")
                await writer.start_tls(self._tls)
            behind = await asyncio.open_connection("127.0.0.1", self.target)
            self._writers.add(behind[1])
            await asyncio.gather(self._pump_counted(reader, behind[1]), _pump(behind[0], writer))
        except (OSError, asyncio.IncompleteReadError):
            pass  # a caller who does not like our certificate hangs up
        finally:
            writer.close()

    async def _pump_counted(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while (start := await reader.readexactly(8)) == _TLS_REQUEST:
                writer.write(start)
            (length,) = struct.unpack("!i", start[:4])
            writer.write(start + await reader.readexactly(length - 8))
            while True:
                head = await reader.readexactly(5)
                # Query, Sync and Flush are what a client waits after.
                self.round_trips += head[:1] in {b"Q", b"S", b"H"}
                (length,) = struct.unpack("!i", head[1:])
                writer.write(head + await reader.readexactly(length - 4))
        writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
    writer.close()
