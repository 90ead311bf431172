"""OpenAI's API at a fixed pace, in a process of its own: `python -m benchmarks.chat.upstream`.

It listens on PORT of this machine, or of HOST. The first part of a path is the pace: below
/50-300-20-100/v1 an embedding takes 50 ms, the first token of an answer 300 ms, each further one
20 ms, and there are 100 of them. It does no more than it must, so that it is not what limits
whoever asks it.
"""

import asyncio
import base64
import json
import os
import re
import struct
import time
import zlib
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import cycle, islice
from typing import cast

import httptools
import uvloop

DIMENSIONS = 1536
"""Length of the vectors, that of text-embedding-3-small."""

_SOURCE = re.compile(r'<source n="1"[^\n]*>\n(.*?)\n</source>', re.DOTALL)
_STATED = 28
"""Words of the first source that are said before it is cited."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the vendor is.

    Attributes:
        embedding_ms: Until a text's vector is there.
        first_ms: Until the first token of an answer.
        token_ms: Between two tokens; 0 sends all at once.
        tokens: Of an answer.
    """

    embedding_ms: int = 0
    first_ms: int = 0
    token_ms: int = 0
    tokens: int = 100

    @property
    def path(self) -> str:
        """Where the API is, at this pace."""
        return f"/{self.embedding_ms}-{self.first_ms}-{self.token_ms}-{self.tokens}/v1"


@dataclass(slots=True)
class _Seen:
    """What the process tells of itself.

    Attributes:
        asked: The body of the last request for an answer.
        abandoned: When streams were left before their end, by the clock of `time.monotonic`.
    """

    asked: bytes = b"{}"
    abandoned: list[float] = field(default_factory=list)


class _Connection(asyncio.Protocol):
    """One connection, on which one request follows another."""

    def __init__(self, seen: _Seen) -> None:
        self._seen = seen
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._url = b""
        self._body = b""
        self._next: asyncio.TimerHandle | None = None
        self._streaming = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 -- asyncio's own
        if self._next:
            self._next.cancel()
        if self._streaming:
            self._seen.abandoned.append(time.monotonic())

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self._url = self._body = b""

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        _, first, *rest = self._url.decode().split("/")
        match rest:
            case ["v1", "embeddings"]:
                pace = _pace(first)
                self._after(pace.embedding_ms, _embeddings(self._body))
            case ["v1", "chat", "completions"]:
                self._seen.asked = self._body
                self._answer(_pace(first), _said(self._body))
            case _ if first == "asked":
                self._after(0, self._seen.asked)
            case _ if first == "abandoned":
                self._after(0, json.dumps(self._seen.abandoned).encode())
            case _:  # /health, and the list of models
                self._after(0, b'{"object":"list","data":[]}')

    def _after(self, milliseconds: int, body: bytes) -> None:
        reply = (
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
            b"content-length: %d\r\n\r\n%b" % (len(body), body)
        )
        if milliseconds:
            self._next = self._loop.call_later(milliseconds / 1000, self._transport.write, reply)
        else:
            self._transport.write(reply)

    def _answer(self, pace: Pace, said: tuple[bytes, ...]) -> None:
        self._streaming = True
        if pace.token_ms:
            begin = self._loop.time() + pace.first_ms / 1000
            self._next = self._loop.call_at(begin, self._token, pace, said, begin, 0)
        else:
            whole = _whole(said, pace.tokens)
            self._next = self._loop.call_later(pace.first_ms / 1000, self._all, whole)

    def _token(self, pace: Pace, said: tuple[bytes, ...], begin: float, number: int) -> None:
        if number == 0:
            self._transport.write(_HEAD)
        self._transport.write(said[number % len(said)])
        number += 1
        if number < pace.tokens:
            # From the beginning, so that what this process is late by does not add up.
            at = begin + number * pace.token_ms / 1000
            self._next = self._loop.call_at(at, self._token, pace, said, begin, number)
        else:
            self._streaming = False
            self._transport.write(_end(pace.tokens))

    def _all(self, whole: bytes) -> None:
        self._streaming = False
        self._transport.write(whole)


def _pace(part: str) -> Pace:
    return Pace(*(int(number) for number in part.split("-")))


@lru_cache(maxsize=4096)
def _embeddings(body: bytes) -> bytes:
    request = json.loads(body)
    data = [
        {"object": "embedding", "index": index, "embedding": _vector(text)}
        for index, text in enumerate(request["input"])
    ]
    usage = {"prompt_tokens": 8, "total_tokens": 8}
    reply = {"object": "list", "data": data, "model": request["model"], "usage": usage}
    return json.dumps(reply).encode()


def _vector(text: str) -> str:
    """Return a vector of the text's words, so that texts that share words are near each other."""
    vector = [0.0] * DIMENSIONS
    vector[0] = 0.1
    for word in text.lower().split():
        vector[zlib.crc32(word.strip(".,;:?!()*`").encode()) % DIMENSIONS] += 1.0
    return base64.b64encode(struct.pack(f"<{DIMENSIONS}f", *vector)).decode()


def _event(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return _framed({"choices": [choice], "usage": None})


def _framed(members: dict[str, object]) -> bytes:
    chunk = {
        "id": "chatcmpl-C0ffeeC0ffeeC0ffeeC0ffeeC0ffee",
        "object": "chat.completion.chunk",
        "created": 1760000000,
        "model": "gpt-4o-mini-2024-07-18",
        "service_tier": "default",
        "system_fingerprint": "fp_0123456789",
        **members,
    }
    return _http_chunk(b"data: %b\n\n" % json.dumps(chunk, separators=(",", ":")).encode())


def _http_chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
) + _event({"role": "assistant", "content": ""})


@lru_cache(maxsize=4096)
def _said(body: bytes) -> tuple[bytes, ...]:
    """Return the tokens of an answer: what the first source says, and its number.

    A model that keeps to its sources is what is measured; what is said in other words costs another
    request for vectors, to compare their meaning.
    """
    told = "\n".join(str(each["content"]) for each in json.loads(body)["messages"])
    found = _SOURCE.search(told)
    words = re.findall(r"\w+", found[1] if found else told)[:_STATED]
    return tuple(_event({"content": f" {word}"}) for word in [*words, "[1]."])


@lru_cache
def _end(tokens: int) -> bytes:
    spent = {"prompt_tokens": 1500, "completion_tokens": tokens, "total_tokens": 1500 + tokens}
    usage = _framed({"choices": [], "usage": spent})
    return _event({}, "stop") + usage + _http_chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n"


@lru_cache(maxsize=256)
def _whole(said: tuple[bytes, ...], tokens: int) -> bytes:
    return _HEAD + b"".join(islice(cycle(said), tokens)) + _end(tokens)


async def _serve(host: str, port: int) -> None:
    seen = _Seen()
    server = await asyncio.get_running_loop().create_server(
        lambda: _Connection(seen), host, port, backlog=1024
    )
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(os.environ.get("HOST", "127.0.0.1"), int(os.environ["PORT"])))
