from datetime import UTC, datetime, timedelta

from auth_service.database.sweep import EVERY, Sweep
from auth_service.verifications import one_time
from tests.auth_service.service import Service

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def sweep(service: Service, sweeping: Sweep, now: datetime) -> list[tuple[object, ...]]:
    async with service.resources.database.autocommit.begin() as db:
        await sweeping(db, now)
    return await service.rows("SELECT identifier FROM verification ORDER BY 1")


async def test_expired_values_are_swept_at_most_once_a_minute(service: Service) -> None:
    await service.write("DELETE FROM verification")
    sweeping = Sweep()
    async with service.resources.sessionmaker.begin() as db:
        for name, seconds in (("a", -1), ("b", 30), ("c", 3600)):
            expires_at = NOW + timedelta(seconds=seconds)
            await one_time.issue(db, name, "v", expires_at=expires_at, now=NOW)
    assert await sweep(service, sweeping, NOW) == [("b",), ("c",)]
    assert await sweep(service, sweeping, NOW + timedelta(seconds=59)) == [("b",), ("c",)]
    assert await sweep(service, sweeping, NOW + EVERY) == [("c",)]


async def test_what_another_transaction_is_spending_is_left_to_it(service: Service) -> None:
    await service.write("DELETE FROM verification")
    async with service.resources.sessionmaker.begin() as db:
        await one_time.issue(db, "a", "v", expires_at=NOW, now=NOW)
    async with service.resources.sessionmaker.begin() as db:
        await one_time.consume(db, "a", NOW)
        rows = await sweep(service, Sweep(), NOW + EVERY)
    assert rows == [("a",)]


async def test_refresh_tokens_are_swept_as_well(service: Service) -> None:
    await service.sign_up(grant="refresh")
    await service.write("UPDATE refresh_token SET expires_at = :moment", moment=NOW)
    sweeping = Sweep()
    for moment, left in ((NOW, 1), (NOW + EVERY, 0)):
        await sweep(service, sweeping, moment)
        assert await service.rows("SELECT count(*) FROM refresh_token") == [(left,)]


async def test_old_events_are_pruned_and_younger_ones_stay(service: Service) -> None:
    await service.write(
        "INSERT INTO audit_event (event, created_at, user_id, ip_address, request_id) "
        "SELECT 'signed_in', CAST(:now AS timestamptz) - days * interval '1 day', 'swept', '', "
        "CAST(days AS text) FROM unnest(ARRAY[29, 30, 31, 400]) days",
        now=NOW,
    )
    kept = "SELECT request_id FROM audit_event WHERE user_id = 'swept' ORDER BY id"
    await sweep(service, Sweep(audit_days=0), NOW)
    assert await service.rows(kept) == [("29",), ("30",), ("31",), ("400",)]
    await sweep(service, Sweep(audit_days=30), NOW)
    assert await service.rows(kept) == [("29",), ("30",)]
