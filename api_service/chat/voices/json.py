"""An answer as one value: what was streamed is gathered, and told when it is complete."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace

from api_service.chat.events import Delta, Done, Event
from api_service.chat.schemas import Reply, account, numbered


@dataclass(frozen=True, slots=True)
class Whole:
    """A complete answer.

    Attributes:
        text: Its words, without white space around them.
        done: The rest; citations count from the beginning of text.
    """

    text: str
    done: Done


async def gathered(events: AsyncGenerator[Event]) -> Whole:
    """Return the answer these events tell; they are closed, whatever happens.

    Raises:
        Problem: It fails.
    """
    pieces: list[str] = []
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Delta):
                pieces.append(event.text)
            elif isinstance(event, Done):
                return _whole("".join(pieces), event)
    raise RuntimeError("the answer has no end")


def _whole(said: str, done: Done) -> Whole:
    whole = _mended(said)
    text = whole.strip()
    before = len(whole) - len(whole.lstrip())

    def moved(place: int) -> int:
        place = place if whole is said else len(_mended(said[:place]))
        return min(max(0, place - before), len(text))

    citations = tuple(
        replace(each, start=moved(each.start), end=moved(each.end)) for each in done.citations
    )
    return Whole(text, replace(done, citations=citations))


def _mended(said: str) -> str:
    """Return a text with characters whole that came as two halves, and lone halves replaced."""
    try:
        said.encode()
    except UnicodeEncodeError:
        return said.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return said


def reply(whole: Whole, request_id: str, *, considered: bool = False) -> Reply:
    """Return the reply of `/v1/chat`.

    Args:
        whole: The answer.
        request_id: Under which the logs tell of it.
        considered: Whether all sources are listed, cited or not.
    """
    told = Reply(response=whole.text, **dict(account(whole.done, request_id)))
    if considered:
        told.considered = numbered(whole.done.considered)
    return told
