"""Whatever a person is shown that they may do, they do over REST; everything else is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from chassis.cause import Cause
from contracts_schema.ids import derive_id
from escrow.domain.states import By, Verb
from escrow.handlers import payout_account
from escrow.ports import About
from escrow_builders import (
    ADMIN,
    BUYER,
    PRICE,
    ROUNDS,
    SELLER,
    STRANGER,
    House,
    as_person,
    person,
    running,
    some_terms,
)
from escrow_situations import EVERY, Situations

BELOW = {
    "pay": "payment-link",
    "deliver": "deliveries",
    "confirm": "confirm",
    "refund": "refund",
    "cancel": "cancel",
}
IRREVERSIBLE = ("confirm", "refund", "cancel")


@pytest.fixture
async def client(house: House, database_url) -> AsyncIterator[httpx.AsyncClient]:
    async with running(house.database, database_url, house.rails) as made:
        yield made


async def press(
    client: httpx.AsyncClient, house: House, escrow_id: str, who: str, verb: str
) -> Any:
    """Ask for it, as whoever shows the action would."""
    body = {"title": "Ownership transferred"} if verb == "deliver" else None
    path = f"/v1/escrows/{escrow_id}/{BELOW[verb]}"
    return await client.post(path, json=body, headers=as_person(who, house.clock))


@pytest.mark.parametrize("who", [BUYER, SELLER, STRANGER, ADMIN])
@pytest.mark.parametrize("situation", EVERY)
async def test_what_is_shown_can_be_done_and_nothing_else(client, house: House, situation, who):
    situations = Situations(house)
    escrow_id = await situations.make(situation)
    headers = as_person(who, house.clock)
    path = f"/v1/escrows/{escrow_id}"
    read = (await client.get(path, headers=headers)).json()
    shown = {each["verb"]: each for each in read.get("actions", ())}
    listed = (await client.get("/v1/escrows", headers=headers)).json()["data"]

    assert [each["actions"] for each in listed] in ([], [list(shown.values())])
    for verb in BELOW.keys() - shown.keys():
        answer = await press(client, house, escrow_id, who, verb)
        assert answer.status_code in (403, 404, 409), (verb, answer.text)
    for verb, action in shown.items():
        if verb == "onboard":
            continue
        another = await situations.make(situation)
        answer = await press(client, house, another, who, verb)
        assert answer.is_success, (verb, answer.text)
        assert (action["method"], action["route"]) == ("POST", f"{path}/{BELOW[verb]}")
        assert action["preview"] == (f"{path}/preview" if verb in IRREVERSIBLE else "")
        if action["preview"]:
            assert (await client.get(action["preview"], headers=headers)).status_code == 200


async def test_a_seller_who_cannot_be_paid_is_shown_where_to_set_that_up(client, house: House):
    escrow_id = await house.open()
    await house.pay(escrow_id)
    headers, path = as_person(SELLER, house.clock), f"/v1/escrows/{escrow_id}"

    [onboard, *_] = (await client.get(path, headers=headers)).json()["actions"]
    answer = await client.request(onboard["method"], onboard["route"], headers=headers)

    assert (onboard["verb"], onboard["until"]) == ("onboard", None)
    assert answer.status_code == 201
    [account] = house.rail.accounts
    house.rail.onboard(account)
    assert (await press(client, house, escrow_id, SELLER, "deliver")).status_code == 201
    read = (await client.get(path, headers=headers)).json()
    assert [each["verb"] for each in read["actions"]] == ["refund"]


async def test_a_seller_who_comes_to_be_payable_is_told_of_the_deals_that_waited_for_it(
    house: House,
):
    waits, other = await house.open(some_terms("waits")), await house.open(some_terms("other"))
    await house.pay(waits)
    before = await house.escrow(waits)
    assert before.may(By.SELLER) == (Verb.ONBOARD, Verb.REFUND)

    await house.onboarded()

    [told] = await house.told("delivery_possible")
    assert (told["escrow_id"], told["actions"]) == (waits, {SELLER: ["deliver", "refund"]})
    assert told["held"]["minor"] == PRICE
    assert (await house.escrow(other)).may(By.SELLER) == (Verb.CANCEL,)


async def test_money_and_payability_that_come_at_once_leave_the_seller_with_deliver(house: House):
    for number in range(ROUNDS):
        seller = derive_id("usr", f"seller {number}")
        escrow_id = await house.open(some_terms(f"race {number}", seller_id=seller))
        await payout_account.link(
            house.database, house.rails, person(seller), house.rail.rail, Cause("c-2")
        )
        account = str(
            await house.database.value(
                "SELECT provider_id FROM payout_accounts WHERE user_id = $1", seller
            )
        )
        house.rail.onboard(account)
        paid = house.rail.pay(await house.reference(escrow_id))
        await house.keep(About.ACCOUNT, account)
        await house.keep(About.PAYMENT, paid)
        await asyncio.gather(house.due(), house.due())

        mine = [each for each in await house.told() if each.get("escrow_id") == escrow_id]
        assert mine[-1]["actions"] == {seller: ["deliver", "refund"]}


async def test_events_tell_each_party_what_they_may_do_next(house: House):
    escrow_id = await house.open()
    await house.onboarded()
    await house.pay(escrow_id)
    await house.deliver(escrow_id)
    await house.confirm(escrow_id)
    await house.due()

    told = [(event["name"], event["actions"]) for event in await house.told() if "actions" in event]
    paying = {BUYER: ["pay", "cancel"], SELLER: ["onboard", "cancel"]}
    assert told == [
        ("opened", paying),
        ("payment_requested", paying),
        ("funds_held", {SELLER: ["deliver", "refund"]}),
        ("delivered", {BUYER: ["confirm"], SELLER: ["refund"]}),
        ("release_started", {}),
        ("released", {}),
    ]
