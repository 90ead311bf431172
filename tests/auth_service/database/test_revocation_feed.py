"""What the triggers write down, and the order in which it is read."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from auth_service.database.revocation_feed import (
    LOOK_SECONDS,
    PAGE,
    START,
    SWEEP_EVERY,
    Page,
    Place,
    RevocationWatch,
    read_feed,
)
from tests.auth_service.service import Service, cookie_of
from tests.auth_service.signed_in import counted, post, waiting

KEPT = timedelta(days=7)
ADD_KEY = (
    'INSERT INTO apikey (id, key, "configId", "referenceId", "createdAt", "updatedAt")'
    " VALUES (:id, 'hash', 'default', 'somebody', now(), now())"
)
ADD = "INSERT INTO revocation (kind, value) VALUES ('session', :value)"


@pytest.fixture
async def now(service: Service) -> AsyncIterator[Service]:
    """The service at the database's own time, with nothing revoked and no key."""
    service.clock.moment = datetime.now(UTC)
    await service.write("DELETE FROM apikey")
    await service.write("DELETE FROM revocation")
    yield service
    await service.write("DELETE FROM apikey")


async def read(service: Service, after: Place | None = None) -> Page:
    async with service.resources.database.autocommit.begin() as db:
        return await read_feed(db, after)


async def told(service: Service, after: Place | None = None) -> list[tuple[str, str]]:
    return [(entry.kind, entry.value) for entry in (await read(service, after)).entries]


async def one(service: Service, statement: str) -> str:
    ((value,),) = await service.rows(statement)
    return str(value)


async def test_a_session_that_is_deleted_is_written_down(now: Service) -> None:
    cookie = cookie_of(await now.sign_up())
    session = await one(now, "SELECT id FROM session")
    assert await told(now) == []

    assert (await post(now, "sign-out", cookie)).status_code == 200

    assert await told(now) == [("session", session)]
    (entry,) = (await read(now)).entries
    assert entry.not_before is None
    assert abs(entry.at - datetime.now(UTC)) < timedelta(seconds=20)


async def test_a_session_that_had_expired_is_not(now: Service) -> None:
    await now.sign_up()
    await now.write("UPDATE session SET \"expiresAt\" = now() - interval '1 second'")
    await now.write("DELETE FROM session")

    assert await told(now) == []


async def test_a_deleted_user_is_written_down_with_their_sessions(now: Service) -> None:
    user = (await now.sign_up()).json()["user"]["id"]
    session = await one(now, "SELECT id FROM session")
    await now.write('DELETE FROM "user"')  # sessions go by the foreign key alone

    assert sorted(await told(now)) == [("session", session), ("user", user)]


async def test_a_key_deleted_or_disabled_ends_what_was_drawn_with_it(now: Service) -> None:
    for key in ("deleted", "disabled", "used"):
        await now.write(ADD_KEY, id=key)
    await now.write("DELETE FROM apikey WHERE id = 'deleted'")
    await now.write("UPDATE apikey SET enabled = false WHERE id = 'disabled'")
    await now.write("UPDATE apikey SET enabled = false, remaining = 1 WHERE id = 'disabled'")
    await now.write("UPDATE apikey SET enabled = true, remaining = 2 WHERE id = 'used'")

    assert await told(now) == [("session", "deleted"), ("session", "disabled")]


async def test_a_key_enabled_again_draws_tokens_that_count_and_its_old_ones_stay_ended(
    now: Service,
) -> None:
    await now.write(ADD_KEY, id="key")
    await now.write("UPDATE apikey SET enabled = false")
    await now.write("UPDATE apikey SET enabled = true")

    ended, again = (await read(now)).entries
    assert (ended.value, ended.not_before) == ("key", None)
    assert again.value == "key"
    assert again.not_before is not None
    assert abs(again.not_before - datetime.now(UTC)) < timedelta(seconds=20)


async def test_what_is_rolled_back_is_not_written_down(now: Service) -> None:
    await now.sign_up()
    async with now.resources.database.engine.connect() as db:
        await db.execute(text("DELETE FROM session"))
        await db.rollback()

    assert await told(now) == []


async def test_a_transaction_that_commits_late_is_not_skipped(now: Service) -> None:
    async with now.resources.database.engine.connect() as late:
        await late.execute(text(ADD), {"value": "begun first"})
        await now.write(ADD, value="committed first")  # and does not wait for the other
        between = await read(now)
        await late.commit()

    assert [entry.value for entry in between.entries] == ["committed first"]
    assert await told(now, between.last) == [("session", "begun first")]


async def numbered(db: AsyncConnection) -> None:
    """Have a transaction number its rows now, as its commit would."""
    await db.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))


async def test_of_two_commits_at_once_the_second_waits_for_its_number(now: Service) -> None:
    engine = now.resources.database.engine
    async with engine.connect() as first, engine.connect() as second:
        await first.execute(text(ADD), {"value": "first"})
        await second.execute(text(ADD), {"value": "second"})
        await numbered(first)
        ending = asyncio.create_task(second.commit())
        await waiting(now, 1)
        assert await told(now) == []
        await first.commit()
        await ending

    assert await told(now) == [("session", "first"), ("session", "second")]


async def test_many_at_once_are_each_told_once_and_in_order(now: Service) -> None:
    seen: list[str] = []

    async def follow() -> None:
        last: Place | None = START
        while len(seen) < 200:
            page = await read(now, last)
            assert not page.anew
            seen.extend(entry.value for entry in page.entries)
            last = page.last

    async def revoke(first: int) -> None:
        for number in range(first, first + 20):
            await now.write(ADD, value=str(number))

    async with asyncio.timeout(60):
        await asyncio.gather(follow(), *(revoke(20 * worker) for worker in range(10)))
    assert sorted(seen, key=int) == [str(number) for number in range(200)]


async def test_long_feeds_are_told_in_parts(now: Service) -> None:
    await now.write(
        "INSERT INTO revocation (kind, value)"
        " SELECT 'session', n::text FROM generate_series(1, :number) n",
        number=2 * PAGE + 1,
    )
    first = await read(now)
    second = await read(now, first.last)
    third = await read(now, second.last)

    assert (first.anew, second.anew, third.anew) == (True, False, False)
    assert (first.more, second.more, third.more) == (True, True, False)
    assert [len(page.entries) for page in (first, second, third)] == [PAGE, PAGE, 1]
    assert len({e.value for page in (first, second, third) for e in page.entries}) == 2 * PAGE + 1


async def test_a_database_brought_back_is_told_anew(now: Service) -> None:
    for value in ("a", "b"):
        await now.write(ADD, value=value)
    before = await read(now)
    assert (before.anew, len(before.entries)) == (True, 2)
    again = await read(now, before.last)
    assert (again.anew, again.entries, again.last) == (False, (), before.last)

    await now.write("DELETE FROM revocation WHERE value = 'b'")
    shorter = await read(now, before.last)
    await now.write(
        "SELECT setval('revocation_number', :id - 1)",
        id=before.last.id - 1,  # a row takes two: one until it is numbered
    )
    await now.write(ADD, value="c")
    other = await read(now, before.last)

    assert (shorter.anew, [e.value for e in shorter.entries]) == (True, ["a"])
    assert other.last.id == before.last.id  # the same number, at another moment
    assert (other.anew, [e.value for e in other.entries]) == (True, ["a", "c"])
    await now.write("DELETE FROM revocation")
    emptied = await read(now, before.last)
    assert (emptied.anew, emptied.entries, emptied.last) == (True, (), START)


async def test_an_empty_feed_has_a_place_to_go_on_from(now: Service) -> None:
    empty = await read(now)
    assert (empty.anew, empty.last) == (True, START)
    assert not (await read(now, START)).anew
    await now.write(ADD, value="a")
    page = await read(now, START)
    assert (page.anew, [entry.value for entry in page.entries]) == (False, ["a"])


@pytest.mark.parametrize(
    "text",
    ["", "7", "-", "7-", "-7", "a-b", "\u0667-\u0667", "7-7-7", f"{2**63}-1", "1" * 400, "7-7\n"],
)
def test_what_names_no_place_is_none(text: str) -> None:
    assert Place.read(text) is None


def test_a_place_is_read_as_it_is_said() -> None:
    place = Place.of(41, datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC))
    assert str(place) == "41-1772368215123456"
    assert Place.read(str(place)) == place


async def test_one_look_serves_all_who_wait_and_nobody_looks_unasked(now: Service) -> None:
    await now.write(ADD, value="a")
    last = (await read(now)).last
    watch = RevocationWatch(now.resources.database)
    with counted(now) as statements:
        places = await asyncio.gather(*(watch.newest() for _ in range(50)))
        await asyncio.sleep(2 * LOOK_SECONDS)

    looks = [statement for statement in statements if statement.startswith("SELECT revocation")]
    assert len(looks) == 1  # whatever else the service does meanwhile, as sweeping
    assert set(places) == {last}
    await now.write(ADD, value="b")
    assert await watch.newest() != last
    await watch.close()


async def sweep(service: Service, watch: RevocationWatch, moment: datetime) -> list[str]:
    async with service.resources.database.autocommit.begin() as db:
        await watch.sweep(db, moment, KEPT)
    return [value for _, value in await told(service)]


async def test_entries_leave_when_no_living_token_can_match(now: Service) -> None:
    for value in ("older", "old", "new"):
        await now.write(ADD, value=value)
    await now.write(
        "UPDATE revocation SET at = at - interval '7 days 1 minute' WHERE value LIKE 'old%'"
    )
    watch, moment = RevocationWatch(now.resources.database), datetime.now(UTC)
    assert await sweep(now, watch, moment) == ["new"]

    await now.write("UPDATE revocation SET at = at - interval '8 days'")
    assert await sweep(now, watch, moment + SWEEP_EVERY) == ["new"]  # readers stand there
    await now.write(ADD, value="newer")
    assert await sweep(now, watch, moment + SWEEP_EVERY * 1.5) == ["new", "newer"]
    assert await sweep(now, watch, moment + SWEEP_EVERY * 2) == ["newer"]
