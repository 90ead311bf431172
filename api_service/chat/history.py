"""What was said before in a conversation, as much of it as is worth reading again.

The reader's program sends it, so it is data like the message: what an assistant is said to have
answered may be made up.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from api_service.chat.question import Turn
from api_service.token_counts import count_tokens, cut_to_tokens

HISTORY_TOKENS = 1000
"""Longest history that is read, in tokens of cl100k, with the tags around its turns; what was said
first goes first."""

TURN_TOKENS = 250
"""Longest turn; of a longer one its beginning is read."""

_TAGS = 14  # tokens around each turn in the prompt

# A marker [1] of an earlier answer, whose sources are gone; but not items[1].
_MARKER = re.compile(r"(?: |(?<![\w\])]))(?:\[\d{1,3}(?:\s*,\s*\d{1,3})*\])+")


def recent(history: Sequence[Turn]) -> tuple[Turn, ...]:
    """Return the latest turns that fit, oldest first, without the markers of earlier answers."""
    left = HISTORY_TOKENS
    kept: list[Turn] = []
    for turn in reversed(history):
        text = _readable(turn)
        cost = count_tokens(text) + _TAGS
        if cost > left:
            break
        if text:
            left -= cost
            kept.append(replace(turn, text=text))
    return tuple(reversed(kept))


def _readable(turn: Turn) -> str:
    text = _MARKER.sub("", turn.text) if turn.role == "assistant" else turn.text
    text = text.strip()
    # A token is seldom longer than ten characters: so much is counted, and no endless turn.
    beginning = cut_to_tokens(text[: 10 * TURN_TOKENS], TURN_TOKENS).rstrip(
        "\ufffd"
    )  # half a character, where cut
    return text if beginning == text else f"{beginning.rstrip()} \u2026"
