"""What is over is forgotten, and the clean-up sets itself again."""

from __future__ import annotations

from datetime import timedelta

from chassis.storage.timers import Timers
from identity import jobs
from identity.handlers.retention import CLEAN_UP
from identity_builders import Identity


async def test_states_links_and_sessions_are_forgotten_in_their_time(identity: Identity):
    discord_id, _ = await identity.logged_in("ann")
    async with identity.browser() as browser:
        await browser.get(await identity.link_url(discord_id))

    async def left() -> list[int]:
        tables = ("oauth_states", "links", "sessions", "refresh_tokens")
        return [await identity.db.value(f"SELECT count(*) FROM {name}") for name in tables]

    due = jobs.register(Timers())
    assert await due.once(identity.db) == 1
    assert await due.once(identity.db) == 0
    assert await left() == [1, 1, 1, 1]
    for passed, expected in (
        (timedelta(minutes=11), [0, 1, 1, 1]),
        (timedelta(days=1, minutes=15), [0, 0, 1, 1]),
        (timedelta(days=37), [0, 0, 0, 0]),
    ):
        identity.clock.advance(passed)
        assert await due.once(identity.db) == 1
        assert await left() == expected
    kinds = await identity.db.rows("SELECT kind FROM timers")
    assert [row["kind"] for row in kinds] == [CLEAN_UP]
    assert await identity.db.value("SELECT count(*) FROM users") == 1
