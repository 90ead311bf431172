"""Spans of time as settings: a whole number and its unit."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

_SPAN = re.compile(r"(\d{1,7})([smhd])", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def _span(text: str) -> timedelta:
    match = _SPAN.fullmatch(text)
    if match is None:
        raise ValueError("is not a span such as 900s, 15m, 12h or 7d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _read_span(value: object) -> object:
    return _span(value) if isinstance(value, str) else value


def _read_seconds(value: object) -> object:
    return _span(f"{value}s" if value.isdecimal() else value) if isinstance(value, str) else value


Span = Annotated[timedelta, BeforeValidator(_read_span)]
"""A whole number and its unit: s, m, h or d."""

ShortSpan = Annotated[timedelta, BeforeValidator(_read_seconds)]
"""The same; a bare number counts seconds."""


def between(shortest: str, longest: str) -> AfterValidator:
    """Return what refuses a span that is shorter or longer than these."""

    def check(value: timedelta) -> timedelta:
        if value < _span(shortest):
            raise ValueError(f"is shorter than {shortest}")
        if value > _span(longest):
            raise ValueError(f"is longer than {longest}")
        return value

    return AfterValidator(check)
