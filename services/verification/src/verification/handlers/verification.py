"""Ask who owns an asset, and tell what was found. Providers are asked outside any transaction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from chassis.cause import Cause
from chassis.messaging.consumers import Poison, TooEarly
from chassis.storage.database import Database, Transaction
from chassis.storage.timers import Timer
from contracts_schema.events.listings import ListingCreated
from contracts_schema.events.verification import (
    AssetRejected,
    AssetVerified,
    Purpose,
    SnapshotTaken,
)
from contracts_schema.goods import asset_id_of
from contracts_schema.ids import derive_id

from verification import store
from verification.domain.errors import AssetUnseen, NoLinkedAccount
from verification.domain.snapshot import Snapshot
from verification.domain.verification import NO_ACCOUNT, UNKNOWN_ASSET, Finding, Verification
from verification.ports import Providers

ANSWER = "verification.answer"
TOO_EARLY_TRIES = 3


@dataclass(frozen=True, slots=True)
class Asking:
    """Whom questions are put to, and how long a proof counts for listing."""

    providers: Providers
    cache: timedelta


async def ask(tx: Transaction, event: ListingCreated) -> None:
    """Somebody lists something: ask whether it is theirs."""
    check_named(event.kind, event.asset_id)
    question = Verification(
        derive_id("ver", event.listing_id),
        event.seller_id,
        event.asset_id,
        Purpose.LISTING,
        listing_id=event.listing_id,
        kind=event.kind,
    )
    await request(tx, question)


def check_named(kind: str, asset_id: str) -> None:
    """Park an event whose asset no provider can have: no table takes such an id either."""
    try:
        asset_id_of(kind, asset_id)
    except ValueError as error:
        raise Poison(str(error)) from None


async def request(tx: Transaction, question: Verification) -> None:
    """Write the question down and let a worker answer it."""
    await store.verification.ask(tx, question)
    await tx.set_timer(ANSWER, question.verification_id, tx.now())


async def answer_due(database: Database, timer: Timer, *, asking: Asking) -> None:
    """Answer a question that waits; a linked account may still be on its way to us."""
    question = await store.verification.find(database, timer.subject_id)
    if question is None or question.status != "PENDING":
        return
    try:
        await answer(database, asking, question, timer.cause)
    except AssetUnseen:
        trail = await database.run(lambda tx: store.verification.unseen(tx, timer.subject_id))
        if not trail.vanished:
            raise
        await _conclude(database, question, UNKNOWN_ASSET, asking.cache, timer.cause)
    except NoLinkedAccount:
        if timer.attempts < TOO_EARLY_TRIES:
            raise TooEarly(f"no account of {question.user_id} is known yet") from None
        await _conclude(database, question, NO_ACCOUNT, asking.cache, timer.cause)


async def answer(
    database: Database, asking: Asking, question: Verification, cause: Cause
) -> Verification:
    """Ask the provider and write down what it said. Raises NoLinkedAccount, ProviderUnavailable."""
    found = await _look(database, asking.providers, question)
    return await _conclude(database, question, found, asking.cache, cause)


async def account_of(database: Database, providers: Providers, kind: str, user_id: str) -> str:
    """The user's account where goods of this kind are owned; raises NoLinkedAccount."""
    provider = providers[kind].provider
    account_id = await store.account.find(database, user_id, provider)
    if account_id is None:
        raise NoLinkedAccount(provider=provider)
    return account_id


async def _look(database: Database, providers: Providers, question: Verification) -> Finding:
    """Ask the provider now.

    That there is no such asset is believed at once of one that was never shown.
    """
    account_id = await account_of(database, providers, question.kind, question.user_id)
    provider = providers[question.kind]
    asset = await provider.asset(question.asset_id)
    if asset is None:
        if await store.snapshot.is_known(database, question.kind, question.asset_id):
            raise AssetUnseen(provider.provider, asset_id=question.asset_id)
        return UNKNOWN_ASSET
    owned = await provider.ownership(asset, account_id)
    return Finding(asset, owned, "" if owned else "not_owner")


async def _conclude(
    database: Database, question: Verification, found: Finding, cache: timedelta, cause: Cause
) -> Verification:
    now, snapshot = database.clock.now(), None
    if found.asset is not None:
        snapshot = Snapshot.of(question.kind, found.asset, question.verification_id, now)
    answered = replace(
        question,
        status="VERIFIED" if found.ownership else "FAILED",
        ownership=found.ownership,
        reason_code=found.reason_code,
        snapshot_id=snapshot.snapshot_id if snapshot else None,
        checked_at=now,
        expires_at=now + cache,
    )

    async def write(tx: Transaction) -> None:
        await store.verification.ask(tx, question)
        if snapshot is not None:
            await store.snapshot.add(tx, snapshot)
        if await store.verification.answer(tx, answered):
            _stage_answer(tx, answered, snapshot)

    await database.run(write, cause)
    return answered


def _stage_answer(tx: Transaction, answered: Verification, snapshot: Snapshot | None) -> None:
    shared = {
        "verification_id": answered.verification_id,
        "user_id": answered.user_id,
        "kind": answered.kind,
        "asset_id": answered.asset_id,
        "purpose": answered.purpose,
        "listing_id": answered.listing_id,
        "deal_id": answered.deal_id,
        "checked_at": answered.checked_at,
    }
    if snapshot is not None:
        tx.stage(
            SnapshotTaken(
                snapshot_id=snapshot.snapshot_id,
                kind=snapshot.kind,
                asset_id=snapshot.asset_id,
                sha256=snapshot.sha256,
            )
        )
    if answered.ownership is not None and snapshot is not None:
        tx.stage(
            AssetVerified.model_validate(
                {
                    **shared,
                    "ownership": answered.ownership,
                    "snapshot_id": snapshot.snapshot_id,
                    "snapshot_sha256": snapshot.sha256,
                    "asset_name": snapshot.name,
                    "thumbnail_url": snapshot.thumbnail_url,
                    "expires_at": answered.expires_at,
                }
            )
        )
    else:
        tx.stage(AssetRejected.model_validate({**shared, "reason_code": answered.reason_code}))
    tx.audit(
        f"asset.{answered.status.lower()}",
        answered.asset_id,
        reason=answered.reason_code,
        user=answered.user_id,
        purpose=answered.purpose,
    )
