"""What a model was told, spelled in an answer: heard by its letters and digits alone.

Between them there may stand anything that is neither, and they may be turned, shifted or in a code:
a few in a row tell the canary, some more the instructions, since no answer has them by chance.
"""

import base64
import codecs
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from api_service.chat.disguises import ALIKE

_SILENT = re.compile(r"[^A-Za-z0-9]+")
_BEGUN = 4  # letters of the canary from which on the rest is waited for
_PART = 6  # characters of it in a row that tell it
_MOST_TOLD = 8  # characters of it that may be told in pieces of _BEGUN, of sixteen
_HEARD = 16  # letters of the instructions from which on the rest is waited for
_RUN = 40  # letters of them in a row that tell them


@dataclass(frozen=True, slots=True)
class _Secret:
    """What is listened for.

    Attributes:
        starts: Where every _BEGUN characters in a row of the canary begin in it.
        parts: Every part of it that tells it, in all its forms.
        beginnings: What such a part may begin with, whole ones left out.
        lengths: How long parts are, the shortest first.
        rules: Every _HEARD letters in a row of the instructions, in all their forms.
    """

    starts: Mapping[str, int]
    parts: frozenset[str]
    beginnings: frozenset[str]
    lengths: tuple[int, ...]
    rules: frozenset[str]


class Letters:
    """Listens to one answer in pieces, wherever they are cut.

    Args:
        rules: The instructions as they are written.
        canary: The mark in them, 16 letters and digits; "" for none.
    """

    def __init__(self, rules: str, canary: str) -> None:
        self._secret = _secret(rules, canary)
        self._tail = ""
        self._told: frozenset[int] = frozenset()

    def note(self, text: str) -> None:
        """Take note of what has left."""
        letters = _squeezed(text)
        self._told |= self._told_by(self._tail[1 - _BEGUN :] + letters)
        self._tail = (self._tail + letters)[1 - _HEARD :]

    def held_from(self, text: str) -> int | None:
        """Return where in a text a secret may have begun, its length if nowhere; None: one is told.

        Args:
            text: What comes next, and has not been noted.
        """
        letters = self._tail + _squeezed(text)
        found = (self._canary_from(letters), self._rules_from(letters))
        if None in found:
            return None
        first = min(each for each in found if each is not None)
        if first == len(letters):
            return len(text)
        places = [place for _, place in _spelled(text)]
        return places[max(first - len(self._tail), 0)] if places else 0

    def _canary_from(self, letters: str) -> int | None:
        begin = max(len(self._tail) + 1 - _BEGUN, 0)
        if len(self._told | self._told_by(letters[begin:])) >= _MOST_TOLD:
            return None
        secret = self._secret
        for place in range(begin, len(letters) - _BEGUN + 1):
            if letters[place : place + _BEGUN] not in secret.beginnings:
                continue
            if any(letters[place : place + length] in secret.parts for length in secret.lengths):
                return None
            if letters[place:] in secret.beginnings:
                return place
        return len(letters)

    def _told_by(self, letters: str) -> frozenset[int]:
        """Return the places of the canary that some letters tell, in pieces long enough."""
        told: set[int] = set()
        for place in range(len(letters) - _BEGUN + 1):
            start = self._secret.starts.get(letters[place : place + _BEGUN])
            if start is not None:
                told.update(range(start, start + _BEGUN))
        return frozenset(told)

    def _rules_from(self, letters: str) -> int | None:
        begun = None
        for place in range(len(letters) - _HEARD + 1):
            if letters[place : place + _HEARD] not in self._secret.rules:
                begun = None
                continue
            begun = place if begun is None else begun
            if place + _HEARD - begun >= _RUN:
                return None
        return len(letters) if begun is None else begun


def _spelled(text: str) -> Iterator[tuple[str, int]]:
    """Yield the letters and digits of a text in their plainest form, with their places."""
    for place, character in enumerate(text):
        if character.isascii():
            if character.isalnum():
                yield character.lower(), place
            continue
        for plain in unicodedata.normalize("NFKC", character).lower().translate(ALIKE):
            if plain.isascii() and plain.isalnum():
                yield plain, place


def _squeezed(text: str) -> str:
    if text.isascii():  # as most is
        return _SILENT.sub("", text).lower()
    return "".join(letter for letter, _ in _spelled(text))


@lru_cache(maxsize=8)
def _secret(rules: str, canary: str) -> _Secret:
    parts: set[str] = set()
    for form, length in _forms(canary) if canary else ():
        parts.update(form[at : at + length] for at in range(len(form) - length + 1))
    beginnings = {part[:length] for part in parts for length in range(_BEGUN, len(part))}
    grams: set[str] = set()
    for form, _ in _forms(rules):
        grams.update(form[at : at + _HEARD] for at in range(len(form) - _HEARD + 1))
    lengths = tuple(sorted({len(part) for part in parts}))
    starts = {canary[at : at + _BEGUN]: at for at in range(len(canary) - _BEGUN + 1)}
    return _Secret(starts, frozenset(parts), frozenset(beginnings), lengths, frozenset(grams))


def _forms(text: str) -> Iterator[tuple[str, int]]:
    """Yield what a text becomes, and how much of that _PART characters make.

    Backwards, in ROT13, in hexadecimal digits, plain and escaped, in decimal and binary codes, in
    Base64 and Base32 wherever it begins.
    """
    for turned in (text, text[::-1], codecs.encode(text, "rot13")):
        yield _squeezed(turned), _PART
    raw = text.encode()
    yield raw.hex(), 2 * _PART
    yield "".join(f"x{each:02x}" for each in raw), 3 * _PART
    yield "".join(str(each) for each in raw), 2 * _PART
    yield "".join(f"{each:08b}" for each in raw), 8 * _PART
    for said in (raw, raw[::-1]):
        for before in range(3):  # bytes, of which three make four characters
            encoded = base64.b64encode(bytes(before) + said).decode()
            whole = encoded[-(-before * 8 // 6) : (before + len(said)) * 8 // 6]
            yield _squeezed(whole), _PART + 2
        for before in range(5):  # five make eight
            encoded = base64.b32encode(bytes(before) + said).decode()
            whole = encoded[-(-before * 8 // 5) : (before + len(said)) * 8 // 5]
            yield _squeezed(whole), _PART + 4
