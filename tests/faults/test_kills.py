"""Each service is killed at the four worst moments of a message's life, while a trade runs.

identity and discord-gateway are killed the same way in their own tests, where their messages are
the point; here the five services that a deal passes through are killed all in one trade.
"""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from e2e_checks import MONEY, each_event_came_once, quiet, the_audit_chains_hold, the_books_hold
from e2e_processes import arm, disarm, kill
from holdfast import daemon, leases, plan
from holdfast.demo import report, trade
from holdfast.demo.scenario import Scenario, scenario_on
from holdfast.instance import Instance
from holdfast.state import State

pytestmark = pytest.mark.xdist_group("faults")
KILLED = ("listings", "contracts", "escrow", "verification", "notifier")
TOPOLOGY = Path(__file__).parents[2] / "deploy" / "topology.toml"


@pytest.fixture(scope="module")
def instance() -> Instance:
    return Instance.named("faults")


@pytest.fixture(scope="module")
def system(instance) -> Iterator[State]:
    lease = leases.take(instance)
    try:
        yield daemon.ensure(instance, plan.FULL, linger_s=5)
    finally:
        daemon.stop(instance)
        leases.release(lease)


@pytest.fixture
async def scenario(system) -> AsyncIterator[Scenario]:
    async with scenario_on(system) as opened:
        opened.system.events.patience_s = 200
        # A webhook that met a dead service comes again after five minutes: here after three
        # seconds.
        await opened.system.outside.post("/stripe/webhooks", {"retry_scale": 0.01})
        yield opened


def queues(service: str) -> list[str]:
    """The queues of a deal; people have joined before the killing begins."""
    topology = tomllib.loads(TOPOLOGY.read_text())
    names = [queue["name"] for queue in topology["queues"]]
    of_deals = [name for name in names if not name.endswith((".principals", ".commands"))]
    return [name for name in of_deals if name.startswith(f"{service}.")]


FAULTS = {
    "P1": lambda service: ["relay.after_claim"],
    "P2": lambda service: ["relay.after_confirm"],
    "P3": lambda service: [f"consumer.before_ack.{queue}" for queue in queues(service)],
    "P4": lambda service: [f"consumer.before_commit.{queue}" for queue in queues(service)],
}


async def joined(scenario):
    seller, buyer = await scenario.at_rest("sela"), await scenario.at_rest("bob")
    played = await scenario.trade(seller, buyer, quiet)
    await trade.join(played)
    return played


@pytest.mark.slow
@pytest.mark.timeout(500)
@pytest.mark.parametrize("row", [pytest.param(row, marks=pytest.mark.fault(row)) for row in FAULTS])
async def test_a_kill_at_the_worst_moment_loses_nothing_and_doubles_nothing(
    scenario, system, instance, tmp_path, row
):
    played = await joined(scenario)
    for service in KILLED:
        arm(instance, service, ",".join(FAULTS[row](service)), tmp_path / service)
    await kill(instance, *KILLED)

    for step in trade.STEPS[1:]:
        await step(played)

    for service in KILLED:
        disarm(instance, service)
        assert (tmp_path / service).read_text().split(), f"{service} was never killed"
    result = await report.of(played)
    assert result.money == {"ours": MONEY, "sandbox": MONEY}
    each_event_came_once(scenario, played)
    await kill(instance, *KILLED)
    await the_books_hold(instance, system)
    await the_audit_chains_hold(instance, system)


@pytest.mark.invariant("V12")
@pytest.mark.fault("M1")
@pytest.mark.timeout(500)
async def test_a_broker_killed_under_load_loses_no_confirmed_event(scenario, system, instance):
    trades = [await joined(scenario) for _ in range(4)]

    async def play(played) -> None:
        for step in trade.STEPS[1:]:
            await step(played)

    playing = [asyncio.create_task(play(played)) for played in trades]
    await trades[0].heard("listings.offer_made.v1", listing_id=await _listing(trades[0]))
    await kill(instance, "rabbitmq")
    await asyncio.gather(*playing)

    for played in trades:
        assert (await report.of(played)).money == {"ours": MONEY, "sandbox": MONEY}
    await the_books_hold(instance, system)


async def _listing(played) -> str:
    live = await played.heard("listings.listing_activated.v1", asset_id=played.asset_id)
    return str(live.body["listing_id"])
