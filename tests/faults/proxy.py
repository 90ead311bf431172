"""A proxy of TCP before a dependency, which has a fault when it is told to."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Literal

Mode = Literal["open", "refused", "reset", "black hole", "slow", "cut"]
"""What it does, with connections there are and with new ones.

open: everything is passed on.
refused: nobody listens, and what was connected is closed.
reset: connections are taken, and reset (RST).
black hole: connections are taken, and not a byte passes, either way; nor does one later, as
behind a firewall that has forgotten the connections it had.
slow: a byte of the dependency's answers passes each second.
cut: a connection ends (FIN) after the first bytes of an answer.
"""

SLOW_SECONDS = 1.0
"""Between two bytes."""

_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: socket(7)


class Proxy:
    """Listens on a port of its own, the same all the time.

    Args:
        target: Port of the dependency, on the local host.
        cut_after: Bytes of an answer that pass before the connection is cut.
    """

    def __init__(self, target: int, *, cut_after: int = 16) -> None:
        self.target = target
        self.cut_after = cut_after
        self.mode: Mode = "refused"
        self._turned = asyncio.Event()
        self._listening: asyncio.Server | None = None
        self._kept = _bound(0)
        self.port: int = self._kept.getsockname()[1]
        self._open: set[asyncio.StreamWriter] = set()
        self._forgotten: set[asyncio.StreamWriter] = set()

    async def turn(self, mode: Mode) -> None:
        """Be so from now on."""
        self.mode = mode
        self._turned.set()
        self._turned = asyncio.Event()
        if mode == "refused":
            if self._listening is not None:
                self._listening.close()
                self._listening = None
                self._kept = _bound(self.port)  # held and not listened on, so nobody else takes it
        elif self._listening is None:
            self._listening = await asyncio.start_server(self._serve, sock=self._kept)
        if mode == "black hole":
            self._forgotten |= self._open
        if mode in {"refused", "reset"}:
            for writer in list(self._open):
                _end(writer, reset=mode == "reset")

    async def close(self) -> None:
        """End everything."""
        await self.turn("refused")
        self._kept.close()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.mode == "reset":
            _end(writer, reset=True)
            return
        ends = {writer}
        self._open.add(writer)
        try:
            behind, onward = await asyncio.open_connection("127.0.0.1", self.target)
            ends.add(onward)
            self._open.add(onward)
            if self.mode == "black hole":
                self._forgotten |= ends
            await asyncio.gather(self._questions(reader, onward), self._answers(behind, writer))
        except OSError:
            pass
        finally:
            self._open -= ends
            self._forgotten -= ends
            for end in ends:
                end.transport.abort()

    async def _questions(self, reader: asyncio.StreamReader, onward: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(65536):
                if onward not in self._forgotten:
                    onward.write(piece)
                    await onward.drain()
        onward.close()

    async def _answers(self, behind: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        passed = 0  # since it cuts
        with suppress(OSError):
            while piece := await behind.read(65536):
                while piece and writer not in self._forgotten:
                    turned, mode = self._turned, self.mode
                    size = {"slow": 1, "cut": self.cut_after - passed}.get(mode, len(piece))
                    sent = min(size, len(piece))
                    writer.write(piece[:sent])
                    await writer.drain()
                    piece = piece[sent:]
                    passed = passed + sent if mode == "cut" else 0
                    if passed >= self.cut_after:
                        _end(writer, reset=False)
                        return
                    if mode == "slow":
                        with suppress(TimeoutError):
                            async with asyncio.timeout(SLOW_SECONDS):
                                await turned.wait()
        writer.close()


@asynccontextmanager
async def proxied(target: int, *, cut_after: int = 16) -> AsyncIterator[Proxy]:
    """Stand before a dependency until the block is left; open at first."""
    proxy = Proxy(target, cut_after=cut_after)
    await proxy.turn("open")
    try:
        yield proxy
    finally:
        await proxy.close()


def _bound(port: int) -> socket.socket:
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))
    bound.setblocking(False)
    return bound


def _end(writer: asyncio.StreamWriter, *, reset: bool) -> None:
    if reset:
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    writer.transport.abort()
