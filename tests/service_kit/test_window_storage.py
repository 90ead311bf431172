import asyncio

from service_kit.window_storage import WindowStorage


async def test_a_counter_lives_as_long_as_it_was_given() -> None:
    storage = WindowStorage()
    assert [await storage.incr("key", 0.05) for _ in range(3)] == [1, 2, 3]
    assert await storage.get("key") == 3
    await asyncio.sleep(0.06)
    assert await storage.get("key") == 0
    assert await storage.incr("key", 60) == 1


async def test_a_counter_can_be_made_to_live_longer() -> None:
    storage = WindowStorage()
    await storage.incr("key", 0.05)
    before = await storage.get_expiry("key")
    await storage.extend("key", 60)
    await storage.extend("unknown", 60)
    assert await storage.get_expiry("key") > before + 50
    await asyncio.sleep(0.06)
    assert await storage.get("key") == 1


async def test_what_is_cleared_is_gone() -> None:
    storage = WindowStorage()
    await storage.incr("key", 60)
    await storage.acquire_entry("key", 1, 60)
    await storage.clear("key")
    assert await storage.get("key") == 0
    assert await storage.acquire_entry("key", 1, 60)
    assert await storage.check()
    assert await storage.reset() == 1
    assert await storage.acquire_entry("key", 1, 60)


async def test_a_window_without_room_notes_nothing() -> None:
    storage = WindowStorage()
    assert await storage.acquire_entry("key", 2, 60)
    assert not await storage.acquire_entry("key", 2, 60, amount=2)
    assert (await storage.get_moving_window("key", 2, 60))[1] == 1
    assert (await storage.get_moving_window("other", 2, 60))[1] == 0


async def test_what_has_run_out_is_dropped() -> None:
    storage = WindowStorage(sweep_seconds=0.01)
    for key in ("one", "two"):
        await storage.incr(key, 0.01)
        await storage.acquire_entry(key, 1, 0)
    await storage.acquire_entry("long", 1, 60)
    await asyncio.sleep(0.02)
    await storage.incr("three", 60)
    assert await storage.reset() == 2
