"""Composition root: the only file that knows all the others."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chassis.consumer import Consumers
from chassis.database import Database, Transaction
from chassis.service import Parts, create
from chassis.timers import Timer, Timers
from fastapi import FastAPI

from escrow import consumers
from escrow.api import admin, deals, hooks, pages, rules
from escrow.handlers import clocks, deal, hearing, paying, watching
from escrow.ports import PaymentRail
from escrow.rails.stripe import StripeAccess, StripeRail
from escrow.settings import Settings


def create_app(settings: Settings) -> FastAPI:
    """Build the service from its settings."""
    secrets = settings.stripe_webhook_secret.get_secret_value().split(",")
    access = StripeAccess(
        settings.stripe_api_base,
        settings.stripe_secret_key.get_secret_value(),
        [secret.strip() for secret in secrets],
    )
    return compose(settings, StripeRail(access))


def compose(settings: Settings, rail: PaymentRail) -> FastAPI:
    """The service on a given rail."""

    @asynccontextmanager
    async def opened(database: Database) -> AsyncIterator[None]:
        async with database.transaction() as tx:
            await tx.set_timer(watching.PROOF, watching.SUBJECT, tx.now())
        yield
        if isinstance(rail, StripeRail):
            await rail.close_connections()

    parts = Parts(
        name="escrow",
        routers=[deals.router, hooks.router, pages.router, admin.router],
        consumers=consumers.register(Consumers("escrow")),
        timers=timers(rail, settings.public_base_url),
        rules=rules.RULES,
        state={"rail": rail},
        enter=[opened],
    )
    return create(settings, parts)


def timers(rail: PaymentRail, base_url: str) -> Timers:
    """What is done when it is due."""
    due = Timers()
    _clocks(due)
    _money(due, rail, base_url)

    @due.job(hearing.APPLY)
    async def apply(database: Database, timer: Timer) -> None:
        await hearing.apply(database, rail, timer.subject_id)

    @due.job(watching.PROOF)
    async def prove_books(database: Database, _: Timer) -> None:
        await watching.prove_books(database)

    return due


def _clocks(due: Timers) -> None:
    @due.on(clocks.END)
    async def window_ended(tx: Transaction, timer: Timer) -> None:
        await deal.window_ended(tx, timer.subject_id)

    for kind in clocks.REMINDERS:

        @due.on(kind)
        async def remind(tx: Transaction, timer: Timer) -> None:
            await deal.remind(tx, timer.subject_id, timer.payload)


def _money(due: Timers, rail: PaymentRail, base_url: str) -> None:
    @due.job("payment.open")
    async def open_payment(database: Database, timer: Timer) -> None:
        await paying.open_payment(database, rail, timer.subject_id, base_url)

    @due.job("payment.close")
    async def close_payments(database: Database, timer: Timer) -> None:
        await paying.close_payments(database, rail, timer.subject_id)

    @due.job(paying.POLL)
    async def poll(database: Database, timer: Timer) -> None:
        await paying.poll(database, rail, timer.subject_id)

    @due.job(paying.SEND)
    async def send(database: Database, timer: Timer) -> None:
        await paying.send(database, rail, timer.subject_id)
