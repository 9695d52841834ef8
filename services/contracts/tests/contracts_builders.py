"""People, deals and a running service, for the tests of contracts."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from chassis.cause import Cause
from chassis.clock import ManualClock
from chassis.principals import Principal
from chassis.storage.database import Database
from chassis.storage.timers import Timer, Timers
from chassis_client import ISSUER, client_of, token
from contracts import handlers, jobs, store
from contracts.app import create_app
from contracts.domain.contract import Contract
from contracts.domain.party import written
from contracts.domain.policy import Deal, Policy, contract_id_of
from contracts.domain.signature import Evidence, Method, Signing
from contracts.handlers.draft import DRAFT, Drafting
from contracts.settings import Settings
from contracts_outside import (
    ACCOUNTS,
    BUYER,
    SELLER,
    STRANGER,
    FlatTypesetter,
    MemoryArchive,
    MemoryPeople,
    a_seal,
)
from contracts_schema.events.identity import PlatformRole, Tier
from contracts_schema.events.listings import OfferAccepted, Side
from contracts_schema.ids import derive_id
from contracts_schema.money import Currency, Money
from contracts_schema.terms import canonical_json

__all__ = [  # what other tests take from here, wherever it is made
    "ACCOUNTS",
    "BUYER",
    "SELLER",
    "STRANGER",
    "FlatTypesetter",
    "MemoryArchive",
    "MemoryPeople",
    "a_seal",
]

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ADMIN, ARBITRATOR = derive_id("usr", "admin"), derive_id("usr", "arbitrator")
SECOND_ADMIN = derive_id("usr", "second admin")
ROLES = {
    ADMIN: PlatformRole.ADMIN,
    SECOND_ADMIN: PlatformRole.ADMIN,
    ARBITRATOR: PlatformRole.ARBITRATOR,
}
DISCORD_IDS = {SELLER: "100000000000000001", BUYER: "100000000000000002"}


def settings(**changes: Any) -> Settings:
    """Settings with every required value; servers are named by who needs them."""
    values = {
        "database_url": "postgresql://nowhere",
        "broker_url": "amqp://nowhere",
        "cursor_secret": "only-for-tests",
        "service_secret": "only-for-these-tests",
        "s3_endpoint": "http://127.0.0.1:1",
        "s3_access_key": "nobody",
        "s3_secret_key": "nothing",
        "s3_bucket": "none",
        "seal": a_seal(),
        "role": "api",
        "public_base_url": ISSUER,
    }
    return Settings(**values | changes)


def a_policy(**changes: Any) -> Policy:
    """The harness's policy, with these settings changed."""
    return settings(**changes).policy()


def a_deal(name: str = "deal", **changes: Any) -> Deal:
    """An accepted offer: a game for 4,300.00 USD."""
    values: dict[str, Any] = {
        "deal_id": derive_id("ofr", name),
        "listing_id": derive_id("lst", name),
        "seller_id": SELLER,
        "buyer_id": BUYER,
        "title": "Blox Harbor Tycoon",
        "asset_id": "universe:1234567890",
        "snapshot_sha256": hashlib.sha256(b"snapshot").hexdigest(),
        "price": Money(430_000, Currency.USD),
        "delivery_s": 7 * 86_400,
        "conditions": "The group stays with the seller.",
    }
    return Deal(**values | changes)


def a_contract(**changes: Any) -> Contract:
    """A contract that waits for both signatures."""
    terms = a_policy().terms(a_deal())
    values: dict[str, Any] = {
        "contract_id": terms.contract_id,
        "deal_id": terms.deal_id,
        "listing_id": terms.listing_id,
        "seller_id": SELLER,
        "buyer_id": BUYER,
        "terms": canonical_json(terms.model_dump(mode="json")).decode(),
        "terms_sha256": terms.sha256(),
        "pdf_sha256": "a" * 64,
        "template_version": 1,
        "created_at": NOON,
        "sign_before": NOON + timedelta(hours=72),
        "accounts": written(ACCOUNTS),
    }
    return Contract(**values | changes)


def accepted(deal: Deal) -> OfferAccepted:
    """What listings tells of this deal."""
    return OfferAccepted(
        offer_id=deal.deal_id,
        listing_id=deal.listing_id,
        title=deal.title,
        buyer_id=deal.buyer_id,
        seller_id=deal.seller_id,
        amount=deal.price,
        accepted_by=Side.SELLER,
        asset_id=deal.asset_id,
        snapshot_sha256=deal.snapshot_sha256,
        conditions=deal.conditions,
        delivery_window_s=deal.delivery_s,
    )


def a_timer(kind: str, subject_id: str) -> Timer:
    """A timer that is due, set by nobody's request."""
    return Timer(f"{kind}:{subject_id}", kind, subject_id, NOON, {}, 0)


def a_signing(phrase: str = "I AGREE", seen_terms: str | None = None, **evidence: Any) -> Signing:
    """The right words, over REST."""
    values: dict[str, Any] = {"method": Method.REST, "request_id": "r-1", "ip": "127.0.0.1"}
    return Signing(phrase, seen_terms, Evidence(**values | evidence))


def a_person(user_id: str, **changes: Any) -> Principal:
    """A verified person."""
    values: dict[str, Any] = {
        "tier": Tier.TIER_1,
        "role": ROLES.get(user_id, PlatformRole.USER),
        "discord_id": DISCORD_IDS.get(user_id, ""),
    }
    return Principal(user_id, **values | changes)


@dataclass
class Harness:
    """The service's inside on a real database, without HTTP or broker."""

    database: Database
    clock: ManualClock
    drafting: Drafting
    timers: Timers

    async def accept(self, deal: Deal) -> str:
        """An offer is accepted; the contract's id."""
        event = accepted(deal)
        await self.database.run(
            lambda tx: handlers.draft.begin(tx, event, self.drafting.policy), Cause("c-1")
        )
        return contract_id_of(deal.deal_id)

    async def drafted(self, name: str = "deal", **changes: Any) -> Contract:
        """A contract that waits for signatures."""
        contract_id = await self.accept(a_deal(name, **changes))
        timer = a_timer(DRAFT, contract_id)
        await handlers.draft.finish(self.database, timer, self.drafting)
        return await self.contract(contract_id)

    async def contract(self, contract_id: str) -> Contract:
        """The contract as it stands."""
        found = await store.contract.find(self.database, contract_id)
        assert found is not None
        return found

    async def sign(self, contract_id: str, user_id: str, **changes: Any) -> Contract:
        """Sign by the right words, or by what is changed."""
        signing = a_signing(**changes)
        return await self.database.run(
            lambda tx: handlers.signature.keep(tx, a_person(user_id), contract_id, signing)
        )

    async def both_sign(self, contract_id: str) -> Contract:
        """Buyer and seller sign, one after the other."""
        await self.sign(contract_id, BUYER)
        return await self.sign(contract_id, SELLER)

    async def due(self, rounds: int = 5) -> None:
        """Do what is due by now, until nothing is."""
        for _ in range(rounds):
            if not await self.timers.once(self.database):
                return

    async def told(self, *topics: str) -> list[dict[str, Any]]:
        """The bodies of the events staged so far, in order, of these topics or all."""
        rows = await self.database.rows(
            "SELECT topic, headers, body FROM outbox WHERE cardinality($1::text[]) = 0"
            " OR topic = ANY($1) ORDER BY position",
            list(topics),
        )
        return [
            {"topic": row["topic"], "headers": json.loads(row["headers"])} | json.loads(row["body"])
            for row in rows
        ]

    async def names(self) -> list[str]:
        """The words of the events staged so far, in order."""
        return [event["topic"].split(".")[1] for event in await self.told()]


def a_harness(
    database: Database,
    archive: Any = None,
    typesetter: Any = None,
    policy: Policy | None = None,
    people: Any = None,
) -> Harness:
    """Put the service's inside together."""
    drafting = Drafting(
        archive or MemoryArchive(),
        typesetter or FlatTypesetter(),
        people or MemoryPeople(),
        policy or a_policy(),
    )
    clock = database.clock
    assert isinstance(clock, ManualClock)
    return Harness(database, clock, drafting, jobs.register(Timers(), drafting))


@asynccontextmanager
async def running(
    database: Database, archive: Any, typesetter: Any = None, **changes: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """The HTTP side of the service on this database, with a client for it."""
    parts = {"archive": archive} | ({"typesetter": typesetter} if typesetter else {})
    async with client_of(create_app(settings(**changes)), database.clock, **parts) as client:
        yield client


def as_person(user_id: str, clock: ManualClock) -> dict[str, str]:
    """The headers of this person's requests."""
    role = ROLES.get(user_id, PlatformRole.USER)
    return {"Authorization": f"Bearer {token(user_id, clock, role)}"}


async def until(condition: Callable[[], Any], seconds: float = 15.0) -> None:
    """Wait until the condition holds; fail when it does not in time."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.05)


def signed(method, bucket, path, headers=None, content=b""):
    """One signed request to the S3 server, past the archive."""
    url = f"{bucket.endpoint}/{bucket.name}{path}"
    request = AWSRequest(method, url, headers=headers or {}, data=content)
    S3SigV4Auth(Credentials(bucket.access_key, bucket.secret_key), "s3", bucket.region).add_auth(
        request
    )
    with httpx.Client(trust_env=False, timeout=20) as client:
        return client.request(method, url, headers=dict(request.headers), content=content)
