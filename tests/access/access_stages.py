"""A right request for every route of every service, about a thing that was made for it alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from access_people import BUYER, PEOPLE, SECOND_ADMIN, SELLER, STRANGER, People, told
from chassis import principals
from chassis.clock import ManualClock
from chassis.principals import Principal
from chassis.storage.database import Database, connect
from chassis_client import admitting, api_settings, client_of, discord_id
from contracts import handlers as contracts
from contracts.app import create_app as contracts_app
from contracts_builders import FlatTypesetter, MemoryArchive, a_harness
from contracts_builders import settings as contracts_settings
from contracts_schema.commands.identity import CreateLink
from contracts_schema.events.identity import PlatformRole
from contracts_schema.ids import new_id, uuid7
from contracts_situations import failed
from discord_gateway.app import create_app as gateway_app
from discord_gateway.settings import Settings as GatewaySettings
from escrow.app import create_app as escrow_app
from escrow.domain.outcome import Outcome
from escrow.handlers import ledger_check
from escrow.handlers import proposal as escrow_proposals
from escrow.store import halt as halts
from escrow_builders import a_house, some_terms
from escrow_builders import settings as escrow_settings
from escrow_fake_rail import FakeRail
from escrow_situations import Situations
from fastapi import FastAPI
from identity import handlers
from identity.domain.api_key import Scope
from identity.domain.link import LIFETIME
from identity.domain.user import Change
from identity_builders import PUBLIC, TERMS
from listings import handlers as listings
from listings.app import create_app as listings_app
from listings.settings import Settings as ListingsSettings
from listings_builders import a_listing, an_offer
from listings_driver import FakeRoblox
from notifier.app import create_app as notifier_app
from notifier.settings import Settings as NotifierSettings
from verification import store as verifications
from verification.app import create_app as verification_app
from verification.settings import Settings as VerificationSettings
from verification_builders import GAME, a_question, asking

USD = {"minor": 1_000, "currency": "USD"}
WHY = "The books and the goods were looked at."
DELIVERY = {"title": "Ownership transferred"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a right request of a party carries."""

    party: Principal = SELLER
    thing: str = ""
    body: Any = None
    """What is sent; a callable makes it of the thing."""
    service: str = "escrow"
    """Which other service asks with its secret."""


@dataclass
class Stage:
    """A service on a database of its own, with its way in."""

    app: FastAPI
    database: Database
    client: httpx.AsyncClient
    people: People
    parts: Mapping[str, Any]

    async def path_of(self, asked: Asked) -> dict[str, str]:
        """What fills the path: the ids of a new thing."""
        if not asked.thing:
            return {}
        made: dict[str, str] = await THINGS[asked.thing](self)
        return made


def seen(proposal: Mapping[str, str]) -> dict[str, str]:
    """The approval of who saw this proposal."""
    return {"sha256": proposal["sha256"]}


ROUTES: dict[str, dict[str, Asked]] = {
    "every service": {
        "GET /live": Asked(),
        "GET /ready": Asked(),
        "GET /metrics": Asked(),
        "GET /openapi.json": Asked(),
    },
    "identity": {
        "GET /.well-known/jwks.json": Asked(),
        "GET /internal/ended-sessions": Asked(),
        "POST /internal/accounts": Asked(body={"user_ids": [SELLER.user_id]}, service="contracts"),
        "POST /internal/introspect": Asked(body={"token": "hfk_" + "0" * 64}),
        "POST /internal/token-exchange": Asked(
            body={"discord_user_id": discord_id(SELLER)}, service="discord-gateway"
        ),
        "GET /": Asked(),
        "GET /link/{token}": Asked(thing="unknown_token"),
        "GET /terms": Asked(),
        "GET /terms/{version}": Asked(thing="terms"),
        "GET /oauth/roblox/callback": Asked(),
        "GET /schemas/{topic}.json": Asked(thing="unknown_topic"),
        "PATCH /v1/admin/users/{user_id}": Asked(
            thing="person", body={"reason": WHY, "suspended": False}
        ),
        "GET /v1/admin/proposals/identity": Asked(),
        "GET /v1/admin/proposals/identity/{proposal_id}": Asked(thing="identity_proposal"),
        "POST /v1/admin/proposals/identity/{proposal_id}/approve": Asked(
            thing="identity_proposal", body=seen
        ),
        "POST /v1/admin/proposals/identity/{proposal_id}/reject": Asked(
            thing="identity_proposal", body={"reason": WHY}
        ),
        "GET /v1/api-keys": Asked(),
        "POST /v1/api-keys": Asked(body={"name": "bot", "scopes": ["read"]}),
        "DELETE /v1/api-keys/{key_id}": Asked(thing="key"),
        "GET /v1/auth/discord/callback": Asked(),
        "POST /v1/auth/discord/url": Asked(body={}),
        "POST /v1/auth/logout": Asked(),
        "POST /v1/auth/refresh": Asked(),
        "POST /v1/links": Asked(body={}),
        "POST /v1/links/{link_id}/url": Asked(thing="link"),
        "GET /v1/me": Asked(),
        "DELETE /v1/me/accounts/roblox": Asked(),
        "GET /v1/me/sessions": Asked(),
        "DELETE /v1/me/sessions": Asked(),
        "DELETE /v1/me/sessions/{session_id}": Asked(thing="session"),
        "GET /v1/terms": Asked(),
        "GET /v1/terms/{version}": Asked(thing="terms"),
        "GET /v1/users/{user_id}": Asked(thing="person"),
    },
    "listings": {
        "GET /v1/listings": Asked(),
        "POST /v1/listings": Asked(body={"asset_id": "778", "title": "Tower", "price": USD}),
        "GET /v1/listings/{listing_id}": Asked(thing="listing"),
        "PATCH /v1/listings/{listing_id}": Asked(thing="listing", body={"title": "Castle"}),
        "DELETE /v1/listings/{listing_id}": Asked(thing="listing"),
        "PUT /v1/listings/{listing_id}/watch": Asked(BUYER, "listing"),
        "DELETE /v1/listings/{listing_id}/watch": Asked(BUYER, "listing"),
        "PUT /v1/listings/{listing_id}/offer-draft": Asked(BUYER, "listing", {"amount": "1"}),
        "GET /v1/listings/{listing_id}/offer-draft": Asked(BUYER, "draft"),
        "DELETE /v1/listings/{listing_id}/offer-draft": Asked(BUYER, "draft"),
        "POST /v1/listings/{listing_id}/offers": Asked(BUYER, "listing", {"amount": USD}),
        "GET /v1/offers": Asked(BUYER),
        "GET /v1/offers/{offer_id}": Asked(BUYER, "offer"),
        "POST /v1/offers/{offer_id}/accept": Asked(SELLER, "offer"),
        "POST /v1/offers/{offer_id}/counter": Asked(SELLER, "offer", {"amount": USD}),
        "POST /v1/offers/{offer_id}/decline": Asked(SELLER, "offer"),
        "POST /v1/offers/{offer_id}/withdraw": Asked(BUYER, "offer"),
    },
    "contracts": {
        "GET /v1/contracts": Asked(),
        "POST /v1/contracts/verify": Asked(body={}),
        "GET /v1/contracts/{contract_id}": Asked(BUYER, "contract"),
        "GET /v1/contracts/{contract_id}/pdf": Asked(BUYER, "contract"),
        "POST /v1/contracts/{contract_id}/signatures": Asked(
            BUYER, "contract", {"phrase": "I AGREE"}
        ),
        "POST /v1/contracts/{contract_id}/signing-links": Asked(BUYER, "contract"),
        "GET /v1/admin/contract-templates": Asked(),
        "POST /v1/admin/contract-templates": Asked(body={"source": "= Contract"}),
        "POST /v1/admin/contracts/{contract_id}/execute": Asked(thing="failed_contract"),
        "GET /v1/admin/proposals/contracts": Asked(),
        "GET /v1/admin/proposals/contracts/{proposal_id}": Asked(thing="contracts_proposal"),
        "POST /v1/admin/proposals/contracts/{proposal_id}/approve": Asked(
            thing="contracts_proposal", body=seen
        ),
        "POST /v1/admin/proposals/contracts/{proposal_id}/reject": Asked(
            thing="contracts_proposal", body={"reason": WHY}
        ),
        "GET /.well-known/contract-seal.pem": Asked(),
        "GET /sign/{token}": Asked(thing="unknown_token"),
        "POST /sign/{token}": Asked(thing="unknown_token"),
    },
    "escrow": {
        "GET /v1/escrows": Asked(),
        "GET /v1/escrows/{escrow_id}": Asked(BUYER, "delivered"),
        "GET /v1/escrows/{escrow_id}/preview": Asked(BUYER, "delivered"),
        "POST /v1/escrows/{escrow_id}/deliveries": Asked(SELLER, "funded", DELIVERY),
        "POST /v1/escrows/{escrow_id}/confirm": Asked(BUYER, "delivered"),
        "POST /v1/escrows/{escrow_id}/refund": Asked(SELLER, "delivered"),
        "POST /v1/escrows/{escrow_id}/cancel": Asked(BUYER, "open"),
        "POST /v1/escrows/{escrow_id}/payment-link": Asked(BUYER, "open"),
        "POST /v1/escrows/{escrow_id}/surplus-refund": Asked(BUYER, "overpaid"),
        "GET /v1/payout-accounts/me": Asked(),
        "POST /v1/payout-accounts/onboarding-link": Asked(),
        "GET /v1/return-pages/{name}": Asked(thing="paid_page"),
        "POST /v1/webhooks/{rail}": Asked(thing="unknown_rail", body={}),
        "POST /v1/admin/escrows/{escrow_id}/unfreeze": Asked(thing="frozen", body={"reason": WHY}),
        "POST /v1/admin/escrows/{escrow_id}/decide": Asked(
            thing="frozen", body={"reason": WHY, "outcome": "REFUND"}
        ),
        "GET /v1/admin/ledger": Asked(),
        "POST /v1/admin/ledger/check": Asked(),
        "POST /v1/admin/ledger/resume": Asked(thing="halted"),
        "GET /v1/admin/proposals/escrow": Asked(),
        "GET /v1/admin/proposals/escrow/{proposal_id}": Asked(thing="escrow_proposal"),
        "POST /v1/admin/proposals/escrow/{proposal_id}/approve": Asked(
            thing="escrow_proposal", body=seen
        ),
        "POST /v1/admin/proposals/escrow/{proposal_id}/reject": Asked(
            thing="escrow_proposal", body={"reason": WHY}
        ),
    },
    "verification": {
        "GET /v1/users/{user_id}/experiences": Asked(thing="seller"),
        "POST /v1/verifications": Asked(body={"asset_id": str(GAME)}),
        "GET /v1/verifications/{verification_id}": Asked(thing="verification"),
        "GET /v1/assets/{asset_id}/snapshots": Asked(thing="asset"),
        "POST /internal/verifications": Asked(
            body={"asset_id": str(GAME), "user_id": SELLER.user_id, "purpose": "accept"},
            service="listings",
        ),
    },
    "notifier": {
        "GET /v1/notifications": Asked(),
        "POST /v1/notifications/read": Asked(body={"notification_ids": [new_id("ntf")]}),
        "GET /v1/notification-preferences": Asked(),
        "PUT /v1/notification-preferences": Asked(body={"direct_messages": True}),
    },
    "discord-gateway": {},
}


def _fixed(**path: str) -> Callable[[Stage], Any]:
    async def made(_: Stage) -> dict[str, str]:
        return path

    return made


def _escrow(situation: str) -> Callable[[Stage], Any]:
    async def made(stage: Stage) -> dict[str, str]:
        situations = Situations(stage.parts["house"])
        terms = some_terms(uuid7().hex)
        return {"escrow_id": await getattr(situations, situation)(terms)}

    return made


async def _overpaid(stage: Stage) -> dict[str, str]:
    house = stage.parts["house"]
    escrow_id = await house.open(some_terms(uuid7().hex))
    await house.onboarded()
    await house.pay(escrow_id, 430_500)
    return {"escrow_id": escrow_id}


async def _contract(stage: Stage) -> dict[str, str]:
    return {"contract_id": (await stage.parts["harness"].drafted(uuid7().hex)).contract_id}


async def _failed_contract(stage: Stage) -> dict[str, str]:
    memory = MemoryArchive()
    harness = a_harness(stage.database, memory)
    harness.drafted = lambda: type(harness).drafted(harness, uuid7().hex)  # type: ignore[method-assign]
    return {"contract_id": (await failed(harness, memory)).contract_id}


async def _key(stage: Stage) -> dict[str, str]:
    return {"key_id": (await stage.people.new_key(SELLER, (Scope.READ,)))[0]}


async def _link(stage: Stage) -> dict[str, str]:
    clock = stage.database.clock
    assert isinstance(clock, ManualClock)
    clock.advance(LIFETIME)  # so many in so short a time are too many
    async with stage.database.transaction() as tx:
        link = await handlers.link.create(tx, SELLER, CreateLink(provider="roblox"))
    return {"link_id": link.link_id}


async def _session(stage: Stage) -> dict[str, str]:
    await stage.people.login(SELLER)
    sql = "SELECT session_id FROM sessions WHERE user_id = $1 AND ended_at IS NULL LIMIT 1"
    return {"session_id": await stage.database.value(sql, SELLER.user_id)}


async def _listing(stage: Stage) -> dict[str, str]:
    return {"listing_id": (await a_listing(stage.database, SELLER)).listing_id}


async def _draft(stage: Stage) -> dict[str, str]:
    found = await _listing(stage)
    async with stage.database.transaction() as tx:
        await listings.draft.keep(tx, BUYER, found["listing_id"], {"amount": "1"})
    return found


async def _offer(stage: Stage) -> dict[str, str]:
    listing = await a_listing(stage.database, SELLER)
    return {"offer_id": (await an_offer(stage.database, BUYER, listing)).offer_id}


async def _verification(stage: Stage) -> dict[str, str]:
    question = a_question(SELLER.user_id)
    async with stage.database.transaction() as tx:
        await verifications.verification.ask(tx, question)
    return {"verification_id": question.verification_id}


def _proposed(proposal: Any) -> dict[str, str]:
    return {"proposal_id": proposal.proposal_id, "sha256": proposal.sha256}


async def _identity_proposal(stage: Stage) -> dict[str, str]:
    newcomer = await stage.people.newcomer()
    wanted = Change(WHY, role=PlatformRole.ADMIN)
    async with stage.database.transaction() as tx:
        return _proposed(
            await handlers.proposal.change_or_propose(tx, SECOND_ADMIN, newcomer, wanted, None)
        )


async def _contracts_proposal(stage: Stage) -> dict[str, str]:
    async with stage.database.transaction() as tx:
        propose = contracts.proposal.propose_template
        return _proposed(await propose(tx, SECOND_ADMIN, "= Contract", ""))


async def _escrow_proposal(stage: Stage) -> dict[str, str]:
    frozen = (await _escrow("frozen")(stage))["escrow_id"]
    async with stage.database.transaction() as tx:
        propose = escrow_proposals.propose_decision
        return _proposed(await propose(tx, SECOND_ADMIN, frozen, Outcome.REFUND, WHY))


async def _halted(stage: Stage) -> dict[str, str]:
    """Releases are stopped, and a check since then found nothing wrong."""
    async with stage.database.transaction() as tx:
        await halts.add(tx, ledger_check.HALT, "red")
    await ledger_check.run(stage.database)
    return {}


THINGS: dict[str, Callable[[Stage], Any]] = {
    "person": _fixed(user_id=STRANGER.user_id),
    "seller": _fixed(user_id=SELLER.user_id),
    "asset": _fixed(asset_id=str(GAME)),
    "unknown_token": _fixed(token="0" * 64),
    "terms": _fixed(version=TERMS),
    "unknown_topic": _fixed(topic="nobody.said_it.v1"),
    "unknown_rail": _fixed(rail="pigeon"),
    "paid_page": _fixed(name="paid"),
    "overpaid": _overpaid,
    "contract": _contract,
    "failed_contract": _failed_contract,
    "key": _key,
    "link": _link,
    "session": _session,
    "listing": _listing,
    "draft": _draft,
    "offer": _offer,
    "verification": _verification,
    "identity_proposal": _identity_proposal,
    "contracts_proposal": _contracts_proposal,
    "escrow_proposal": _escrow_proposal,
    "halted": _halted,
    **{name: _escrow(name) for name in ("open", "funded", "delivered", "frozen")},
}


def _app_of(service: str, url: str) -> FastAPI:
    common = api_settings(url) | {"public_base_url": PUBLIC}
    match service:
        case "listings":
            outside = {"verification_url": "http://127.0.0.1:1"}
            return listings_app(ListingsSettings(**common, **outside))
        case "contracts":
            return contracts_app(contracts_settings(database_url=url, public_base_url=PUBLIC))
        case "escrow":
            return escrow_app(escrow_settings(database_url=url, public_base_url=PUBLIC))
        case "verification":
            return verification_app(
                VerificationSettings(**common, service_callers=admitting("listings"))
            )
        case "notifier":
            return notifier_app(NotifierSettings(**common))
    secrets = {"discord_token": "t", "custom_id_secret": "s" * 32}
    return gateway_app(GatewaySettings(**common, **secrets))


def _parts_of(service: str, database: Database) -> dict[str, Any]:
    """What stands in for the outside world, and what makes the things."""
    match service:
        case "listings":
            return {"ownership_check": FakeRoblox()}
        case "contracts":
            memory = MemoryArchive()
            harness = a_harness(database, memory)
            return {"archive": memory, "typesetter": FlatTypesetter(), "harness": harness}
        case "escrow":
            house = a_house(database, FakeRail())
            return {"rails": house.rails, "house": house}
    return {}


@asynccontextmanager
async def staged(service: str, url: str, people: People, games: Any) -> AsyncIterator[Stage]:
    """The service as it answers over HTTP; identity is the one of the people."""
    if service == "identity":
        async with people.identity.browser() as client:
            identity = people.identity
            yield Stage(identity.app, identity.db, client, people, {})
        return
    clock = people.identity.clock
    assert isinstance(clock, ManualClock)
    app = _app_of(service, url)
    async with AsyncExitStack() as stack:
        db = await stack.enter_async_context(connect(url, clock, service))
        parts = _parts_of(service, db)
        if service == "verification":
            parts["asking"] = asking(games)
        checks = people.authenticator(clock, service)
        client = await stack.enter_async_context(
            client_of(app, clock, authenticator=checks, **parts)
        )
        await _tell(service, db)
        yield Stage(app, db, client, people, parts)


async def _tell(service: str, database: Database) -> None:
    async with database.transaction() as tx:
        for event in [event for one in PEOPLE for event in told(one)]:
            await principals.project(tx, event, sequence=1)
        if service == "verification":
            await verifications.account.set_account(tx, SELLER.user_id, "roblox", "1001", 2)
