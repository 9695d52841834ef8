"""Another kind of goods, which only this test knows, from its form in Discord to its proof.

Four services, each on a database of its own, in one process: what one told is what the next hears.
"""

from __future__ import annotations

import re
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from chassis.cause import Cause
from chassis.clock import ManualClock
from chassis.messaging.consumers import Poison
from chassis.principals import Principal
from chassis.storage import database
from contracts import handlers as contracts
from contracts_builders import a_harness
from contracts_schema import goods
from contracts_schema.commands.listings import AcceptOffer
from contracts_schema.events.identity import AccountLinked, Tier
from contracts_schema.events.verification import Ownership, Purpose
from contracts_schema.goods import GoodsKind
from contracts_schema.ids import new_id
from contracts_schema.message import topics
from discord_gateway.domain import form
from discord_gateway.domain.errors import WrongEntry
from escrow.domain.states import State
from escrow.handlers import delivery
from escrow.handlers import escrow as escrow_handlers
from escrow_builders import BUYER, NOON, SELLER, a_house
from escrow_fake_rail import FakeRail
from listings import handlers as listings
from listings_builders import an_offer, usd
from pydantic import ValidationError
from verification import handlers as verification
from verification import store
from verification.domain.asset import Asset
from verification.domain.verification import Verification
from verification.handlers.verification import Asking
from verification.jobs import timers

KIND, KEY = GoodsKind.DIGITAL_KEY, "AB12-CD34-EF56"
TYPED = {
    **{"title": "A key", "summary": "", "price": "4300", "category": "keys"},
    "delivery_window": "7d",
}
WHO = {SELLER: "shop-sela", BUYER: "shop-bob"}
PEOPLE = {user_id: Principal(user_id, Tier.TIER_1) for user_id in WHO}


def key_id(written: str) -> str:
    """A key has one way to be written, and it is no number."""
    if re.fullmatch(r"[A-Z0-9]{4}(-[A-Z0-9]{4}){2}", written.upper()) is None:
        raise ValueError("a key is three groups of four")
    return written.upper()


@dataclass
class KeyShop:
    """Says who owns which key; its accounts are words."""

    provider: str = "keyshop"
    owners: dict[str, str] = field(default_factory=lambda: {KEY: WHO[SELLER]})

    def account_id(self, written: str) -> str:
        return written.lower()

    async def asset(self, asset_id: str) -> Asset | None:
        owner = self.owners.get(asset_id)
        return owner and Asset(asset_id, "A key", "account", owner)

    async def ownership(self, asset: Asset, account_id: str) -> Ownership | None:
        return Ownership.OWNER if asset.owner_id == account_id else None

    async def assets_of(self, account_id: str) -> list[Asset]:
        return [Asset(key, "A key", "account", who) for key, who in self.owners.items()]


@dataclass
class Services:
    """The four services that a trade passes, and the shop that one of them asks."""

    listings: database.Database
    contracts: database.Database
    escrow: database.Database
    verification: database.Database
    shop: KeyShop

    @property
    def asking(self) -> Asking:
        return Asking({KIND: self.shop}, timedelta(days=1))

    async def look(self) -> None:
        """Verification does what is due."""
        await timers(self.asking).once(self.verification)

    async def still_owns(self, user_id: str, asset, deal_id: str) -> str:
        """What listings asks verification before an offer is accepted."""
        named = (new_id("ver"), user_id, asset.asset_id, Purpose.ACCEPT)
        question = Verification(*named, deal_id=deal_id, kind=asset.kind)
        async with self.verification.transaction() as tx:
            await store.verification.ask(tx, question)
        answered = await verification.verification.answer(
            self.verification, self.asking, question, Cause()
        )
        assert answered.status == "VERIFIED"
        return "b" * 64


@pytest.fixture(autouse=True)
def traded(monkeypatch):
    monkeypatch.setattr(goods, "TRADED", {**goods.TRADED, KIND: key_id})


@pytest.fixture
async def services(database_for):
    clock = ManualClock(NOON)
    async with AsyncExitStack() as stack:
        opened = [
            await stack.enter_async_context(database.connect(database_for(name), clock, name))
            for name in ("listings", "contracts", "escrow", "verification")
        ]
        made = Services(*opened, KeyShop())
        providers = made.asking.providers
        async with made.verification.transaction() as tx:
            for user_id, name in WHO.items():
                linked = AccountLinked(
                    user_id=user_id, provider="keyshop", provider_user_id=name.upper()
                )
                await verification.account.project(tx, linked, sequence=2, providers=providers)
        yield made


async def told(source: database.Database, topic: str):
    """The newest event of this topic, read from the bytes that were to be sent."""
    body = await source.value(
        "SELECT body FROM outbox WHERE topic = $1 ORDER BY position DESC LIMIT 1", topic
    )
    event = topics()[topic].model_validate_json(body)
    assert (getattr(event, "kind", KIND), getattr(event, "asset_id", KEY)) == (KIND, KEY)
    return event


async def listed(services: Services):
    """The seller fills in the form in Discord; the shop says that the key is theirs."""
    command = form.LIST_PUBLIC.build(f"{KIND}.{KEY.lower()}", TYPED)
    seller = PEOPLE[SELLER]
    async with services.listings.transaction() as tx:
        draft = await listings.listing.create(tx, seller, command, None)
    created = await told(services.listings, "listings.listing_created.v1")
    async with services.verification.transaction() as tx:
        await verification.verification.ask(tx, created)
    await services.look()
    verified = await told(services.verification, "verification.asset_verified.v1")
    async with services.listings.transaction() as tx:
        await listings.asset.activate(tx, verified)
    await told(services.listings, "listings.listing_activated.v1")
    return draft


async def executed(services: Services):
    """An offer is accepted, and both sign terms that name the kind."""
    offer = await an_offer(services.listings, PEOPLE[BUYER], await listed(services), usd(430_000))
    command, seller = AcceptOffer(offer_id=offer.offer_id), PEOPLE[SELLER]
    owned = listings.offer.ownership(services.listings, seller, command, check=services)
    async with owned as snapshot, services.listings.transaction() as tx:
        await listings.offer.accept(tx, seller, command, snapshot)
    accepted = await told(services.listings, "listings.offer_accepted.v1")
    harness = a_harness(services.contracts)
    async with services.contracts.transaction() as tx:
        await contracts.draft.begin(tx, accepted, harness.drafting.policy)
    await harness.due()
    drafted = await told(services.contracts, "contracts.contract_drafted.v1")
    await harness.both_sign(drafted.contract_id)
    await harness.due()
    event = await told(services.contracts, "contracts.contract_executed.v1")
    assert (event.terms.goods, event.terms.asset_id) == (KIND, KEY)
    return event


async def test_a_kind_that_only_this_test_knows_goes_from_its_form_to_its_proof(services):
    house = a_house(services.escrow, FakeRail())
    contract = await executed(services)
    escrow_id = escrow_handlers.escrow_id_of(contract.contract_id)

    await house.database.run(
        lambda tx: escrow_handlers.open_executed(tx, contract, rails=house.rails), Cause("c-1")
    )
    await house.due()
    await house.onboarded()
    await house.pay(escrow_id)
    held = await told(services.escrow, "escrow.funds_held.v1")
    async with services.verification.transaction() as tx:
        await verification.watch.begin_on_event(tx, held)
    await house.deliver(escrow_id)
    delivered = await told(services.escrow, "escrow.delivered.v1")
    async with services.verification.transaction() as tx:
        await verification.watch.begin_on_event(tx, delivered)
    services.shop.owners[KEY] = WHO[BUYER]
    await services.look()
    proof = await told(services.verification, "verification.ownership_transferred.v1")
    await house.database.run(lambda tx: delivery.prove(tx, proof))

    assert (await told(services.escrow, "escrow.delivery_proven.v1")).escrow_id == escrow_id
    await house.confirm(escrow_id)
    await house.due()
    assert (await house.escrow(escrow_id)).state is State.RELEASED


async def test_an_id_that_is_none_of_its_kind_goes_nowhere(services):
    with pytest.raises((ValueError, ValidationError, WrongEntry)):
        form.LIST_PUBLIC.build(f"{KIND}.1818", TYPED)

    await listed(services)
    created = await told(services.listings, "listings.listing_created.v1")
    async with services.verification.transaction() as tx:
        with pytest.raises(Poison, match="three groups"):
            await verification.verification.ask(tx, created.model_copy(update={"asset_id": "1818"}))


@pytest.mark.parametrize(
    ("written", "named"),
    [("1818", (goods.DEFAULT_KIND, "1818")), (f"{KIND}.{KEY.lower()}", (KIND, KEY))],
)
def test_an_asset_in_one_word_is_read_back_as_it_was_written(written, named):
    assert goods.read_reference(written) == named
    assert goods.read_reference(goods.reference(*named)) == named
