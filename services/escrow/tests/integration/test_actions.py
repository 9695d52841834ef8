"""Whatever a person is shown that they may do, they do over REST; everything else is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from escrow_builders import (
    ADMIN,
    BUYER,
    SELLER,
    STRANGER,
    House,
    as_person,
    lost,
    running,
    some_terms,
)

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


class Situations:
    """How an escrow comes to be in each state that its parties can meet it in."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.made = 0

    async def make(self, name: str) -> str:
        """Another escrow in this situation."""
        self.made += 1
        return str(await getattr(self, name)(some_terms(f"{name} {self.made}")))

    async def open(self, terms) -> str:
        await self.house.onboarded()
        return await self.house.open(terms)

    async def funded(self, terms) -> str:
        return await self.house.funded(terms)

    async def delivered(self, terms) -> str:
        return await self.house.delivered(terms)

    async def frozen(self, terms) -> str:
        escrow_id = await self.house.delivered(terms)
        await lost(self.house, escrow_id)
        return escrow_id

    async def charged_back(self, terms) -> str:
        escrow_id = await self.house.delivered(terms)
        await self.house.charge_back(escrow_id)
        return escrow_id

    async def releasing(self, terms) -> str:
        escrow_id = await self.house.delivered(terms)
        await self.house.confirm(escrow_id)
        return escrow_id

    async def released(self, terms) -> str:
        escrow_id = await self.releasing(terms)
        await self.house.due()
        return escrow_id

    async def refunding(self, terms) -> str:
        escrow_id = await self.house.funded(terms)
        await self.house.refund(escrow_id)
        return escrow_id

    async def refunded(self, terms) -> str:
        escrow_id = await self.refunding(terms)
        await self.house.due()
        return escrow_id

    async def cancelled(self, terms) -> str:
        escrow_id = await self.open(terms)
        await self.house.cancel(escrow_id)
        return escrow_id


EVERY = [
    *("open", "funded", "delivered", "frozen", "charged_back", "releasing", "released"),
    *("refunding", "refunded", "cancelled"),
]


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
