"""The periods tokens are counted in: days and months of UTC."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Period:
    """A day or a month.

    Attributes:
        name: As in "2026-11-22" or "2026-11".
        seconds: How long it is.
        ends_at: When it ends, in seconds since 1970.
    """

    name: str
    seconds: int
    ends_at: int


def day_of(moment: float) -> Period:
    """Return the day of a moment in seconds since 1970."""
    begin = datetime.fromtimestamp(moment, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return _period(begin, begin + timedelta(days=1), "%Y-%m-%d")


def month_of(moment: float) -> Period:
    """Return the month of a moment in seconds since 1970."""
    day = datetime.fromtimestamp(moment, UTC)
    begin = day.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    # 31 days after the first it is the next month, whatever the month.
    return _period(begin, (begin + timedelta(days=31)).replace(day=1), "%Y-%m")


def _period(begin: datetime, end: datetime, form: str) -> Period:
    seconds = int((end - begin).total_seconds())
    return Period(begin.strftime(form), seconds, int(end.timestamp()))
