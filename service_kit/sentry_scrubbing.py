"""What may leave for Sentry: names, numbers and places in our code; no words of anybody's."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the package is an extra
    from sentry_sdk.types import Event, Hint

NAME_LENGTH = 60
WITHHELD = "[withheld]"

# A name of our own: of a class, an event, a route. Words of a text have spaces between them.
_NAME = re.compile(rf"[A-Za-z0-9_.:/{{}}()<>-]{{1,{NAME_LENGTH}}}")
# Such as a token, a key or a user's id; the names of classes have no digits in them.
_RANDOM = re.compile(r"(?=[A-Za-z_-]*[0-9])[A-Za-z0-9_-]{16,}")
_CHAINED = " < "

_KEPT = (
    *("event_id", "timestamp", "platform", "level", "environment", "release", "sdk"),
    *("server_name", "message", "tags"),
)
_TRACE = ("trace_id", "span_id")
_FRAME = ("filename", "function", "module", "lineno", "in_app")
_CRUMB = ("type", "category", "level", "message", "timestamp")
_ELSEWHERE = {"event", "level", "service", "timestamp", "request_id", "trace_id", "traceback"}
"""Members of a line that are told in other ways."""


def name_of(line: Mapping[str, Any]) -> str:
    """Return the name of a line's event; of a library's, which may quote anybody, its place."""
    record = line.get("_record")
    if record is not None:
        return f"{record.name}:{record.funcName}"
    event = line.get("event")
    return event if isinstance(event, str) and _is_name(event) else WITHHELD


def values_of(line: Mapping[str, Any]) -> dict[str, Any]:
    """Return what else a line says, as far as it may be told."""
    return {
        name: _value(value)
        for name, value in line.items()
        if name not in _ELSEWHERE and not name.startswith(("_", "exc_"))
    }


def scrub(event: "Event", _hint: "Hint") -> "Event":
    """Return an event of the members that may leave, Sentry's before_send."""
    given: Mapping[str, Any] = event
    kept: dict[str, Any] = {name: given[name] for name in _KEPT if name in given}
    kept["extra"] = {name: _value(value) for name, value in given.get("extra", {}).items()}
    if trace := given.get("contexts", {}).get("trace"):
        kept["contexts"] = {"trace": {name: trace[name] for name in _TRACE if name in trace}}
    if errors := given.get("exception", {}).get("values"):
        kept["exception"] = {"values": [_error(error) for error in errors]}
    if crumbs := given.get("breadcrumbs", {}).get("values"):
        kept["breadcrumbs"] = {
            "values": [
                {name: crumb[name] for name in _CRUMB if name in crumb}
                | {"data": {name: _value(value) for name, value in crumb.get("data", {}).items()}}
                for crumb in crumbs
            ]
        }
    return kept  # type: ignore[return-value]  # of JSON's types both


def _error(error: Mapping[str, Any]) -> dict[str, Any]:
    """Return an exception's type and places; its text may quote a reader."""
    frames = (error.get("stacktrace") or {}).get("frames", ())
    mechanism = error.get("mechanism") or {}
    return {
        "type": error.get("type"),
        "module": error.get("module"),
        "value": "",
        "mechanism": {
            name: mechanism[name]
            for name in ("type", "handled", "exception_id", "parent_id", "is_exception_group")
            if name in mechanism
        },
        "stacktrace": {
            "frames": [{name: frame.get(name) for name in _FRAME} for frame in frames],
        },
    }


def _value(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str) and all(map(_is_name, value.split(_CHAINED))):
        return value
    return WITHHELD


def _is_name(value: str) -> bool:
    return _NAME.fullmatch(value) is not None and _RANDOM.search(value) is None
