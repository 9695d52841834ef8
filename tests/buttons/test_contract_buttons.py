"""Every button of a contract, in every state, for every side."""

from __future__ import annotations

from contextlib import AsyncExitStack

import pytest
from button_presses import CONTRACT, Owner, buttons, cards
from chassis.clock import ManualClock
from chassis.messaging.consumers import Consumers
from chassis.storage import database
from contracts.api.problems import RULES
from contracts.consumers import register
from contracts.domain.contract import Verb
from contracts_builders import (
    BUYER,
    NOON,
    SELLER,
    STRANGER,
    FlatTypesetter,
    MemoryArchive,
    a_harness,
    a_person,
    a_policy,
    as_person,
    running,
)
from contracts_situations import CONTRACTS, past_its_window


@pytest.fixture
def memory():
    return MemoryArchive()


@pytest.fixture
async def owner(database_for, memory):
    url, clock = database_for("contracts"), ManualClock(NOON)
    async with AsyncExitStack() as stack:
        db = await stack.enter_async_context(database.connect(url, clock, "contracts"))
        side = running(db, memory, FlatTypesetter(), database_url=url)
        client = await stack.enter_async_context(side)

        async def ask(method, path, who):
            return await client.request(method, path, headers=as_person(who.user_id, clock))

        yield Owner(db, register(Consumers("contracts"), a_policy()), RULES, ask)


@pytest.mark.parametrize("verb", ["", *sorted(buttons(Verb))])
@pytest.mark.parametrize("who", [BUYER, SELLER, STRANGER])
@pytest.mark.parametrize("situation", CONTRACTS)
async def test_a_contract_s_buttons_are_never_refused_and_no_other_is_taken(
    owner, memory, situation, who, verb
):
    me, harness = a_person(who), a_harness(owner.database, memory)
    contract = await situation(harness, memory)
    page = await owner.page(CONTRACT, f"/v1/contracts/{contract.contract_id}", me)
    standing = await cards(owner.database)

    if verb:
        pressed = await owner.press(me, verb, contract.contract_id)
        assert pressed == 200 if verb in page else pressed in (403, 404, 409), pressed
    elif situation is not past_its_window:  # its timer takes them away
        assert set(standing.get((who, f"deal:{contract.deal_id}"), page)) == set(page)
