"""The trace a request is part of, taken from the caller or begun here (W3C Trace Context).

Callers name it in `traceparent`. It stands on every log line, goes on to whom this request asks,
and is said in the reply: https://www.w3.org/TR/trace-context/ (sections 3.2 and 3.3).
"""

import random
import re
from collections.abc import Collection
from contextvars import ContextVar
from typing import NamedTuple

HEADER = "traceparent"
STATE_HEADER = "tracestate"

# Versions to come may add parts behind those of version 00; ff is none, nor are zeros a name.
_WELL_FORMED = re.compile(
    rb"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?"
)
_STATE_LENGTH = 512  # longer ones need not be carried on
_STATE_MEMBERS = 32
_STATE_MEMBER = re.compile(  # section 3.3.1.3: a vendor's key, or a tenant's of theirs, and a value
    rb"[\t ]*([a-z0-9][a-z0-9_*/-]{0,255}(@[a-z][a-z0-9_*/-]{0,13})?"
    rb"=[ -+\--<>-~]{0,255}[!-+\--<>-~])?[\t ]*"
)
_KNOWN_FLAGS = 0x03  # sampled, and that the name is random; the others are not to be handed on


class TraceContext(NamedTuple):
    """Where in which trace something is done; a tuple, for every request makes one.

    Attributes:
        trace_id: 32 hexadecimal digits, the same in every service a request reaches.
        span_id: 16 of them: what this service does for the request.
        flags: 2 of them; the lowest bit asks that the trace be recorded.
        state: What vendors want carried along, in `tracestate`; "" for nothing.
        parent_id: The caller's span, 16 digits; "" where the trace begins here.
    """

    trace_id: str
    span_id: str
    flags: str = "00"
    state: str = ""
    parent_id: str = ""

    @property
    def traceparent(self) -> str:
        """The header by which it is told on."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"

    @property
    def headers(self) -> dict[str, str]:
        """The headers of a request that is made for this one."""
        told = {HEADER: self.traceparent}
        return told | {STATE_HEADER: self.state} if self.state else told


_current: ContextVar[TraceContext | None] = ContextVar("trace_context", default=None)
current = _current.get
"""Return the trace context of the request being served, or None outside of one."""

set_current = _current.set
reset_current = _current.reset


def current_trace_id() -> str:
    """Return the name of the trace of the request being served, or "" outside of one."""
    trace = _current.get()
    return trace.trace_id if trace else ""


def continued(headers: Collection[tuple[bytes, bytes]]) -> TraceContext:
    """Return what a request's headers say, with a new span; a new trace where they say nothing.

    Args:
        headers: As ASGI has them, names in lower case. What is not well-formed, or said twice,
            counts as unsaid.
    """
    parents = [value for name, value in headers if name == b"traceparent"]
    match = _WELL_FORMED.fullmatch(parents[0]) if len(parents) == 1 else None
    # As with a request's name, unique is enough; that either is nothing but zeros does not happen.
    made = f"{random.getrandbits(192):048x}"
    if match is None or (match[1] == b"00" and match[5]):
        return TraceContext(made[:32], made[32:])
    state = b",".join(value for name, value in headers if name == b"tracestate")
    return TraceContext(
        trace_id=match[2].decode(),
        span_id=made[32:],
        flags=f"{int(match[4], 16) & _KNOWN_FLAGS:02x}",
        state=state.decode() if state and _is_state(state) else "",
        parent_id=match[3].decode(),
    )


def _is_state(state: bytes) -> bool:
    members = state.split(b",")
    return (
        len(state) <= _STATE_LENGTH
        and len(members) <= _STATE_MEMBERS
        and all(map(_STATE_MEMBER.fullmatch, members))
    )
