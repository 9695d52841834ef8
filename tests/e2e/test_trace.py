"""One press is one trace, from the interaction to what both sides are told."""

import asyncio
import json
import time

import pytest
from e2e_checks import quiet
from holdfast.demo import trade

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]
WRITTEN_WITHIN_S = 15


def services_of(traces, trace_id: str) -> set[str]:
    found = set()
    for file in traces.iterdir():
        for line in file.read_text().splitlines():
            span = json.loads(line)
            if span["trace_id"] == trace_id:
                found.add(span["service"])
    return found


async def seen(traces, trace_id: str, wanted: set[str]) -> set[str]:
    ends = time.monotonic() + WRITTEN_WITHIN_S
    while not (found := services_of(traces, trace_id)) >= wanted and time.monotonic() < ends:
        await asyncio.sleep(0.25)
    return found


async def test_a_confirmation_in_discord_is_one_trace_to_the_last_card(scenario, traces):
    seller, buyer = await scenario.at_discord("sela"), await scenario.at_discord("bob")
    played = await scenario.trade(seller, buyer, quiet)
    await trade.run(played)
    wanted = {"discord-gateway", "escrow", "notifier"}

    assert await seen(traces, played.trace_id, wanted) >= wanted


async def test_an_offer_over_rest_is_one_trace_to_the_last_consumer(scenario, traces):
    seller, buyer = await scenario.at_rest("sela"), await scenario.at_rest("bob")
    played = await scenario.trade(seller, buyer, quiet)
    for step in (trade.join, trade.list_game, trade.agree):
        await step(played)
    accepted = await played.heard("listings.offer_accepted.v1", offer_id=played.deal_id)
    wanted = {"listings", "contracts", "notifier", "discord-gateway"}

    assert await seen(traces, accepted.trace_id, wanted) >= wanted
