"""What a cell of the matrix is: a dependency, a fault, and the answers documented for it."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Literal, TypeVar

import httpx

from tests.faults.proxy import Mode, Proxy
from tests.faults.service_process import Left, ServiceProcess

Fault = Literal["refused", "reset", "black hole", "slow", "cut", "gone for 30 s"]

FAULTS: Mapping[Fault, tuple[Mode, float]] = {
    "refused": ("refused", 0.0),
    "reset": ("reset", 0.0),
    "black hole": ("black hole", 0.0),
    "slow": ("slow", 0.0),
    "cut": ("cut", 0.0),
    "gone for 30 s": ("refused", 30.0),
}
"""The proxy's mode of each, and for how many seconds at least it is kept asking meanwhile."""


@dataclass(frozen=True, slots=True)
class Site:
    """What stands while a dependency has its faults.

    Attributes:
        proxy: Before the dependency.
        service: What is asked.
        http: Asks it; keeps no connection.
    """

    proxy: Proxy
    service: ServiceProcess
    http: httpx.AsyncClient


S = TypeVar("S", bound=Site)


@dataclass(frozen=True, slots=True)
class Question(Generic[S]):
    """Something asked of a service, and what is documented of the answer.

    Attributes:
        name: As the page shows it.
        ask: Returns what was answered, as a short text.
        well: What is answered while the dependency is there.
        away: What is answered while it has a fault.
        seconds: Within which it is answered.
        but: What is answered otherwise with one fault.
        at_once: How many ask together.
    """

    name: str
    ask: Callable[[S], Awaitable[str]]
    well: str
    away: str
    seconds: float
    but: Mapping[Fault, str] = field(default_factory=dict)
    at_once: int = 4

    def documented(self, fault: Fault) -> str:
        """Return what is answered with a fault."""
        return self.but.get(fault, self.away)


@dataclass(frozen=True, slots=True)
class Dependency(Generic[S]):
    """What a service depends on.

    Attributes:
        name: As the page shows it.
        prose: What happens when it has a fault, and why so; Markdown.
        running: Starts everything in a folder, until its context is left.
        questions: What is asked.
        recovery: Seconds after the fault's end within which all is as before.
        quick: The faults that `make test` goes through; none where another row does, with the same
            dependency and another setting.
        pool: Connections to it that may be kept besides those there were.
        felt: Seconds from a fault's beginning until it is asked for.
        lasts: Seconds that a fault is kept at least, where nobody who asks waits for its end.
    """

    name: str
    prose: str
    running: Callable[[Path], AbstractAsyncContextManager[S]]
    questions: tuple[Question[S], ...]
    recovery: float
    quick: tuple[Fault, ...]
    pool: int = 0
    felt: float = 0.0
    lasts: Mapping[Fault, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen in a cell.

    Attributes:
        answers: What each question was answered, and how many seconds it took at most.
        recovered: Seconds from the fault's end until all was as before.
        left: What the service had then, less what it had before.
    """

    answers: tuple[tuple[str, float], ...]
    recovered: float
    left: Left


def told(reply: httpx.Response) -> str:
    """Return a reply as a short text: its status, and what its body calls a refusal.

    A refusal must name its request, and one of status 503 must say when to come again.
    """
    if reply.is_success:
        return str(reply.status_code)
    assert reply.headers["x-request-id"], "a refusal without the request's name"
    if reply.status_code == httpx.codes.SERVICE_UNAVAILABLE and reply.url.path != "/ready":
        assert int(reply.headers["retry-after"]) > 0, "503 without Retry-After"
    body = reply.json() if reply.content else {}
    name = body.get("code") or body.get("type", "").removeprefix("/problems/")
    return f"{reply.status_code} {name}" if name else str(reply.status_code)
