"""The demo's listener: what it hears, and that it ends when the broker never comes back."""

import asyncio

import pytest
from chaos_proxy import standing_before
from holdfast.demo.event_listener import listening

NOBODY_WAITS_LONGER_S = 60


@pytest.fixture
def broker(broker_for):
    return broker_for("escrow")


async def in_vain(proxy):
    while not proxy.refused:
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("seen", [False, True], ids=["at once", "after it was missed"])
async def test_who_listens_to_a_broker_that_is_gone_for_good_ends_all_the_same(broker, seen):
    async with asyncio.timeout(NOBODY_WAITS_LONGER_S):
        async with standing_before(broker.operator_url) as proxy:
            async with listening(proxy.url):
                proxy.away()
                if seen:
                    await in_vain(proxy)
        while len(asyncio.all_tasks()) > 1:  # the library still puts the lost connection away
            await asyncio.sleep(0.02)

    assert asyncio.all_tasks() == {asyncio.current_task()}, "something still tries to connect"
