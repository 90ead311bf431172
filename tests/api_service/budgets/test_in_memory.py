from api_service.budgets import Balance, Counter
from api_service.budgets.in_memory import SWEPT_SECONDS, MemoryLedger


async def test_counters_of_periods_that_have_ended_are_dropped() -> None:
    now = 1000.0
    ledger = MemoryLedger(clock=lambda: now)
    old = Counter("old", limit=10, ends_at=1050)
    new = Counter("new", limit=10, ends_at=5000)
    await ledger.reserve([old, new], 1)
    now += SWEPT_SECONDS
    await ledger.reserve([new], 1)

    assert await ledger.balances([old, new]) == [Balance(), Balance(0, 2)]
