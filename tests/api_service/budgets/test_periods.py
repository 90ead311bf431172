from datetime import UTC, datetime

import pytest

from api_service.budgets.periods import Period, day_of, month_of


def at(year: int, month: int, day: int, *, seconds: int = 0) -> int:
    return int(datetime(year, month, day, tzinfo=UTC).timestamp()) + seconds


@pytest.mark.parametrize("moment", [at(2026, 11, 22), at(2026, 11, 22, seconds=86_399)])
def test_a_day_goes_from_midnight_to_midnight(moment: int) -> None:
    assert day_of(moment) == Period("2026-11-22", 86_400, at(2026, 11, 23))


@pytest.mark.parametrize(
    ("moment", "name", "days", "end"),
    [
        (at(2026, 1, 31, seconds=82_800), "2026-01", 31, at(2026, 2, 1)),
        (at(2028, 2, 29), "2028-02", 29, at(2028, 3, 1)),
        (at(2026, 12, 1), "2026-12", 31, at(2027, 1, 1)),
    ],
)
def test_a_month_is_the_calendars(moment: int, name: str, days: int, end: int) -> None:
    assert month_of(moment) == Period(name, days * 86_400, end)
