"""People, contracts, and the service's inside, for the tests of escrow."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from chassis import principals
from chassis.cause import Cause
from chassis.clock import ManualClock
from chassis.principals import Principal
from chassis.storage.database import Database
from chassis.storage.timers import Timer, Timers
from chassis_client import ISSUER, client_of, token
from contracts_schema.commands.escrow import Cancel, Confirm, Deliver, RequestRefund
from contracts_schema.events.contracts import ContractExecuted
from contracts_schema.events.identity import PlatformRole, RoleChanged, Tier
from contracts_schema.events.verification import OwnershipLost
from contracts_schema.ids import derive_id, uuid7
from contracts_schema.money import Currency, Money
from contracts_schema.terms import Fee, Rail, Terms, TrancheTerms, Windows
from escrow import jobs
from escrow.app import create_app
from escrow.domain.escrow import Escrow
from escrow.domain.outcome import Outcome
from escrow.domain.payment import UNDER_WAY
from escrow.domain.payout import Payout
from escrow.handlers import (
    admin,
    checkout,
    delivery,
    escrow,
    outcome,
    payout_account,
    webhook,
)
from escrow.handlers.ledger import Report, check
from escrow.ports import About, ChargebackSeen, Rails
from escrow.settings import Settings
from escrow.store import escrow as escrows
from escrow.store import payment as payments
from escrow.store import payout as payouts

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SELLER, BUYER, STRANGER = (derive_id("usr", name) for name in ("seller", "buyer", "stranger"))
ADMIN, SECOND_ADMIN = derive_id("usr", "admin"), derive_id("usr", "second admin")
ADMINS = (ADMIN, SECOND_ADMIN)
PRICE, NET, FEE = 430_000, 417_500, 12_500
ROUNDS = int(os.environ.get("HOLDFAST_RACE_ROUNDS", "25"))
"""How often each race is run: enough for every day; 1,000 show what is seldom."""

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PERSON = {"tier": Tier.TIER_1, "role": PlatformRole.USER}
RED = "the books of a test are never wrong: "


def usd(minor: int) -> Money:
    """An amount in US dollars."""
    return Money(minor, Currency.USD)


def settings(**changes: Any) -> Settings:
    """Settings with every required value; servers are named by who needs them."""
    values = {
        "database_url": "postgresql://nowhere",
        "broker_url": "amqp://nowhere",
        "cursor_secret": "only-for-tests",
        "service_secret": "only-for-these-tests",
        "stripe_secret_key": "sk_test_nothing",
        "stripe_webhook_secret": "whsec_test",
        "role": "api",
        "public_base_url": ISSUER,
    }
    return Settings(**values | changes)


def some_terms(name: str = "deal", price: int = PRICE, **changes: Any) -> Terms:
    """The terms of a game for 4,300.00 USD."""
    values: dict[str, Any] = {
        "contract_id": derive_id("ctr", name),
        "deal_id": derive_id("ofr", name),
        "listing_id": derive_id("lst", name),
        "asset_id": "universe:1234567890",
        "snapshot_sha256": "a" * 64,
        "title": "Blox Harbor Tycoon",
        "seller_id": SELLER,
        "buyer_id": BUYER,
        "price": usd(price),
        "rail": Rail.STRIPE,
        "seller_fee": Fee(basis_points=290, fixed_minor=30),
        "buyer_fee": Fee(basis_points=0, fixed_minor=0),
        "windows": Windows(
            funding_s=72 * 3600,
            delivery_s=7 * 86_400,
            inspection_s=7 * 86_400,
            inspection_proven_s=86_400,
        ),
        "tranches": (TrancheTerms(number=1, amount=usd(price)),),
    }
    return Terms(**values | changes)


def executed(terms: Terms | None = None, **changes: Any) -> ContractExecuted:
    """The event of an executed contract."""
    terms = terms or some_terms()
    names = ("contract_id", "deal_id", "listing_id", "buyer_id", "seller_id")
    values: dict[str, Any] = {name: getattr(terms, name) for name in names}
    values |= {
        "terms": terms,
        "terms_sha256": terms.sha256(),
        "pdf_sha256": "b" * 64,
        "executed_at": NOON,
    }
    return ContractExecuted(**values | changes)


def person(user_id: str, **changes: Any) -> Principal:
    """A verified person."""
    role = PlatformRole.ADMIN if user_id in ADMINS else PlatformRole.USER
    values: dict[str, Any] = {"tier": Tier.TIER_1, "role": role}
    return Principal(user_id, **values | changes)


@dataclass
class House:
    """The service's inside on a real database, without HTTP or broker."""

    database: Database
    clock: ManualClock
    rails: Rails
    timers: Timers

    @property
    def rail(self) -> Any:
        """The rail under test."""
        return self.rails[Rail.STRIPE]

    async def know_administrators(self) -> None:
        """Identity has told of two administrators."""
        async with self.database.transaction() as tx:
            for user_id in ADMINS:
                role = PlatformRole.ADMIN
                event = RoleChanged(user_id=user_id, role=role, previous=PlatformRole.USER)
                await principals.project(tx, event, sequence=1)

    async def open(self, terms: Terms | None = None) -> str:
        """A contract is executed; the escrow's id, with a page to pay at."""
        event = executed(terms)
        await self.database.run(
            lambda tx: escrow.open_executed(tx, event, rails=self.rails), Cause("c-1")
        )
        await self.due()
        return escrow.escrow_id_of(event.contract_id)

    async def onboarded(self, user_id: str = SELLER) -> str:
        """The seller can be paid; the provider's id of their account."""
        rail, cause = self.rail.rail, Cause("c-2")
        await payout_account.link(self.database, self.rails, person(user_id), rail, cause)
        account_id = await self.database.value(
            "SELECT provider_id FROM payout_accounts WHERE user_id = $1", user_id
        )
        self.rail.onboard(account_id)
        await self.tell(About.ACCOUNT, account_id)
        return str(account_id)

    async def tell(self, about: About, subject: str, event_id: str = "", kind: str = "x") -> str:
        """The provider's webhook comes in and is applied."""
        event_id = await self.keep(about, subject, event_id, kind)
        await self.due()
        return event_id

    async def keep(self, about: About, subject: str, event_id: str = "", kind: str = "x") -> str:
        """The provider's webhook comes in."""
        event_id = event_id or f"evt_{uuid7().hex}"
        body = {"id": event_id, "type": kind, "about": str(about), "subject": subject}
        await webhook.receive(self.database, self.rail, {}, json.dumps(body).encode())
        return event_id

    async def reference(self, escrow_id: str) -> str:
        """The page that can be paid at."""
        every = await payments.of_escrow(self.database, escrow_id)
        return str(next(one.reference for one in every if one.state in UNDER_WAY))

    async def fresh_page(self, escrow_id: str) -> str:
        """The page that the buyer gets when they ask now."""
        cause = Cause("c-7")
        await checkout.payment_url(self.database, self.rails, person(BUYER), escrow_id, cause)
        return await self.reference(escrow_id)

    async def pay(self, escrow_id: str, minor: int | None = None) -> str:
        """The buyer pays, and the webhook tells."""
        payment = self.rail.pay(await self.reference(escrow_id), minor)
        await self.tell(About.PAYMENT, payment)
        return str(payment)

    async def funded(self, terms: Terms | None = None) -> str:
        """An escrow whose money is held, and whose seller can be paid."""
        escrow_id = await self.open(terms)
        await self.onboarded()
        await self.pay(escrow_id)
        return escrow_id

    async def delivered(self, terms: Terms | None = None) -> str:
        """An escrow whose goods were handed over."""
        escrow_id = await self.funded(terms)
        await self.deliver(escrow_id)
        return escrow_id

    async def deliver(self, escrow_id: str, who: str = SELLER) -> Escrow:
        """The seller delivers."""
        command = Deliver(escrow_id=escrow_id, title="Ownership transferred")
        return await self.database.run(
            lambda tx: delivery.deliver(tx, person(who), command), Cause("c-3")
        )

    async def charge_back(
        self,
        escrow_id: str,
        minor: int = PRICE,
        taken: bool = True,
        *,
        charge: int = 0,
        fee: int = 1_500,
    ) -> str:
        """The buyer's bank takes a charge's money, or gives it back again; the webhook tells."""
        every = await payments.of_escrow(self.database, escrow_id)
        charge_id = str(every[charge].charge_id)
        dispute = f"dp_{charge_id}"
        self.rail.chargebacks[dispute] = ChargebackSeen(
            dispute, charge_id, usd(minor), usd(fee), taken=taken, reason="fraudulent"
        )
        event_id = await self.keep(About.CHARGEBACK, dispute)
        named = (f"{webhook.APPLY}:{event_id}", webhook.APPLY, event_id, self.clock.now())
        timer = Timer(*named, {"rail": self.rail.rail}, 0, correlation_id="c-8")
        await webhook.apply(self.database, timer, rails=self.rails)
        return dispute

    async def confirm(self, escrow_id: str, who: str = BUYER) -> Escrow:
        """The buyer confirms."""
        command = Confirm(escrow_id=escrow_id)
        return await self.database.run(
            lambda tx: outcome.confirm(tx, person(who), command), Cause("c-4")
        )

    async def refund(self, escrow_id: str, who: str = SELLER) -> Escrow:
        """The seller gives the money back."""
        command = RequestRefund(escrow_id=escrow_id)
        return await self.database.run(
            lambda tx: outcome.request_refund(tx, person(who), command), Cause("c-5")
        )

    async def cancel(self, escrow_id: str, who: str = BUYER) -> Escrow:
        """A party cancels."""
        command = Cancel(escrow_id=escrow_id)
        return await self.database.run(
            lambda tx: outcome.cancel(tx, person(who), command), Cause("c-6")
        )

    async def unfreeze(self, escrow_id: str) -> Escrow:
        """An operator lets it go on."""
        return await self.database.run(
            lambda tx: admin.unfreeze(tx, person(ADMIN), escrow_id, "looked"), Cause("c-9")
        )

    async def decide(self, escrow_id: str, outcome: Outcome = Outcome.REFUND) -> Escrow:
        """An operator ends it."""
        return await self.database.run(
            lambda tx: admin.decide(tx, person(ADMIN), escrow_id, outcome, "looked"),
            Cause("c-9"),
        )

    async def due(self, rounds: int = 12) -> None:
        """Do what is due by now, until nothing is."""
        for _ in range(rounds):
            if not await self.timers.once(self.database):
                return

    async def pass_time(self, by: timedelta) -> None:
        """Let time pass, and what comes due be done."""
        self.clock.advance(by)
        await self.due()

    async def escrow(self, escrow_id: str) -> Escrow:
        """The escrow as it is now."""
        found = await escrows.find(self.database, escrow_id)
        assert found is not None
        return found

    async def payouts(self, escrow_id: str) -> list[Payout]:
        """Its payouts."""
        return await payouts.of_escrow(self.database, escrow_id)

    async def proven(self) -> Report:
        """The check of the books, which must be green."""
        report = await check(self.database)
        assert report.green, RED + report.faults
        return report

    async def told(self, *names: str) -> list[dict[str, Any]]:
        """The bodies of the events staged so far, in order, of these names or all."""
        rows = await self.database.rows("SELECT topic, body FROM outbox ORDER BY position")
        every = [{"name": row["topic"].split(".")[1]} | json.loads(row["body"]) for row in rows]
        return [event for event in every if not names or event["name"] in names]

    async def names(self) -> list[str]:
        """The words of the events staged so far, in order."""
        return [event["name"] for event in await self.told()]


def a_house(database: Database, rail: Any) -> House:
    """Put the service's inside together."""
    clock = database.clock
    assert isinstance(clock, ManualClock)
    rails = {Rail.STRIPE: rail}
    return House(database, clock, rails, jobs.register(Timers(), rails, HOUR))


async def lost(house: House, escrow_id: str) -> None:
    """Roblox shows the goods with somebody who is not part of the deal."""
    terms = (await house.escrow(escrow_id)).terms
    names = ("deal_id", "asset_id", "seller_id", "buyer_id")
    values: dict[str, Any] = {name: getattr(terms, name) for name in names}
    event = OwnershipLost(escrow_id=escrow_id, **values, seen_at=NOON)
    await house.database.run(lambda tx: delivery.lose(tx, event))


@asynccontextmanager
async def running(
    database: Database, database_url: str, rails: Rails | None, **changes: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """The HTTP side of the service on this database, with a client for it."""
    app = create_app(settings(database_url=database_url, **changes))
    parts = {} if rails is None else {"rails": rails}
    async with client_of(app, database.clock, **parts) as client:
        yield client


def as_person(user_id: str, clock: ManualClock, **headers: str) -> dict[str, str]:
    """The headers of this person's requests, with a fresh Idempotency-Key."""
    role = "ADMIN" if user_id in ADMINS else "USER"
    return {
        "Authorization": f"Bearer {token(user_id, clock, role)}",
        "Idempotency-Key": uuid7().hex,
        **headers,
    }
