"""Every button of a deal's money, in every state, for every side."""

from __future__ import annotations

from contextlib import AsyncExitStack

import pytest
from button_presses import DEAL, Owner, buttons, cards
from chassis.clock import ManualClock
from chassis.messaging.consumers import Consumers
from chassis.storage import database
from escrow.api.problems import RULES
from escrow.consumers import register
from escrow.domain.states import Verb
from escrow_builders import (
    BUYER,
    NOON,
    SELLER,
    STRANGER,
    a_house,
    as_person,
    person,
    running,
)
from escrow_fake_rail import FakeRail
from escrow_situations import EVERY, Situations


@pytest.fixture
def database_url(database_for):
    return database_for("escrow")


@pytest.fixture
async def house(database_url):
    async with database.connect(database_url, ManualClock(NOON), "escrow") as db:
        yield a_house(db, FakeRail())


@pytest.fixture
async def owner(house, database_url):
    async with AsyncExitStack() as stack:
        side = running(house.database, database_url, house.rails)
        client = await stack.enter_async_context(side)

        async def ask(method, path, who):
            return await client.request(method, path, headers=as_person(who.user_id, house.clock))

        yield Owner(house.database, register(Consumers("escrow"), house.rails), RULES, ask)


@pytest.mark.parametrize("who", [BUYER, SELLER, STRANGER])
@pytest.mark.parametrize("situation", EVERY)
async def test_a_deal_s_buttons_are_never_refused_and_no_other_is_taken(
    owner, house, situation, who
):
    me, situations = person(who), Situations(house)
    escrow_id = await situations.make(situation)
    deal_id = (await house.escrow(escrow_id)).terms.deal_id
    page = await owner.page(DEAL, f"/v1/escrows/{escrow_id}", me)
    card = (await cards(owner.database)).get((who, f"deal:{deal_id}"), [])

    assert set(page) == set(card)
    for verb in buttons(Verb) - set(page) - {"onboard"}:  # a page of one's own, not of a deal
        assert await owner.press(me, verb, escrow_id) in (403, 404, 409), verb
    for verb in page:
        fresh = await situations.make(situation)
        assert await owner.press(me, verb, fresh) == 200, verb
