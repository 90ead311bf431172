"""Replies in Better Auth's form."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from urllib.parse import quote

from pydantic_core import to_json
from starlette.responses import Response

from auth_service.wire import JSON, Wire, timestamp

NOT_STORED = ("cache-control", "no-store")
"""The header of what a cache may not keep."""

NOT_STORED_ANYWHERE = (NOT_STORED, ("pragma", "no-cache"))
"""The same, said to caches of HTTP/1.0 as well, as Better Auth does of sessions."""

_URL_CHARACTERS = "".join(map(chr, range(0x20, 0x7F)))


def location(url: str) -> str:
    """Return a URL as a Location header: these hold ASCII alone, so the rest is encoded."""
    return quote(url, safe=_URL_CHARACTERS)


def redirect(url: str, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    """Return a reply that sends the reader on, its body empty, as Better Auth does."""
    response = _reply("", (("location", location(url)), *headers))
    response.status_code = 302
    return response


def reply(body: Wire, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    """Return a body as a reply; members never set are left out."""
    return _reply(body.model_dump_json(by_alias=True, exclude_unset=True), headers)


def teller(model: type[Wire]) -> Callable[[object], dict[str, object]]:
    """Return a function that tells a value of ours, which has a body's members by name.

    It says what the model would, for half the cost: nothing is checked. Meant for what every page
    asks for.
    """
    read = attrgetter(*model.model_fields)
    names = tuple(field.alias or name for name, field in model.model_fields.items())

    def tell(value: object) -> dict[str, object]:
        return {
            name: timestamp(member) if type(member) is datetime else member
            for name, member in zip(names, read(value), strict=True)
        }

    return tell


def told(members: Mapping[str, object], headers: tuple[tuple[str, str], ...] = ()) -> Response:
    """Return what tellers told as a reply."""
    return _reply(to_json(members), headers)


def list_reply(bodies: Sequence[Wire], headers: tuple[tuple[str, str], ...] = ()) -> Response:
    """Return bodies as a reply that is an array."""
    dumped = (body.model_dump_json(by_alias=True, exclude_unset=True) for body in bodies)
    return _reply(f"[{','.join(dumped)}]", headers)


def null_reply(headers: tuple[tuple[str, str], ...] = ()) -> Response:
    """Return null as a reply."""
    return _reply("null", headers)


def _reply(content: str | bytes, headers: tuple[tuple[str, str], ...]) -> Response:
    response = Response(content, media_type=JSON)
    for name, value in headers:
        response.headers.append(name, value)
    return response
