"""Presses what cards and pages show, as discord-gateway does, on the owner's own handlers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import httpx
from chassis.messaging.consumers import Consumers, Route
from chassis.principals import Principal
from chassis.problems import Problem, Rules, as_problem
from chassis.storage.database import Database, Transaction
from contracts_schema.message import Command, Event, topics
from discord_gateway.api import presenters
from discord_gateway.api.confirmations import ActionStep
from discord_gateway.api.forms import FormStep
from discord_gateway.api.links import LinkStep
from discord_gateway.api.verbs import VERBS
from notifier.domain import listing
from notifier.domain.by_event import NOTICES_BY_EVENT
from notifier.domain.notice import Notice, Press, Reader

ENTERED = {
    **{"amount": "0.01", "conditions": "", "phrase": "I AGREE"},
    **{"title": "Ownership transferred", "description": "", "evidence": ""},
}
"""What a person types into whatever form opens."""
VIEWS = {"view_offers": "/v1/offers?listing_id={}", "review_pdf": "/v1/contracts/{}/pdf"}
PUBLIC = "*"
Ask = Callable[[str, str, Principal], Awaitable[httpx.Response]]


@dataclass(frozen=True, slots=True)
class Owner:
    """The service that owns a thing: its handlers, and its REST side."""

    database: Database
    consumers: Consumers
    rules: Rules
    ask: Ask

    async def page(self, present: Any, path: str, reader: Principal) -> list[str]:
        """The buttons of the page of what stands at this path; none for whom there is no page."""
        answer = await self.ask("GET", path, reader)
        if answer.status_code == 404:
            return []
        return [each.verb for each in present(answer.json(), "en").buttons]

    async def press(self, person: Principal, verb: str, subject: str) -> int:
        """Press the button; the status of the refusal, or 200."""
        match VERBS[verb]:
            case ActionStep() as step:
                return await self._give(person, step.command(subject))
            case FormStep() as step:
                return await self._give(person, step.form.build(subject, ENTERED))
            case LinkStep() as step:
                answer = await self.ask("POST", step.path.format(id=subject), person)
            case _:
                answer = await self.ask("GET", VIEWS[verb].format(subject), person)
        return 200 if answer.is_success else answer.status_code

    async def _give(self, person: Principal, command: Command) -> int:
        every = self.consumers.routes.values()
        [route] = [routes[command.topic] for routes in every if command.topic in routes]
        try:
            await self._fulfil(route, person, command)
        except Exception as error:
            problem = as_problem(error, self.rules)
            if problem is None:
                raise
            return _worded(problem)
        return 200

    async def _fulfil(self, route: Route, person: Principal, command: Command) -> None:
        before = route.prepare(self.database, person, command) if route.prepare else nullcontext()
        async with before as prepared:
            more = [prepared] if route.takes_prepared else []

            async def work(tx: Transaction) -> None:
                await route.handler(tx, person, command, *more)

            await self.database.run(work, lock=route.lock and route.lock(command))


def _worded(problem: Problem) -> int:
    said = problem.worded()
    assert said.detail
    assert said.next_action
    return problem.status


async def cards(database: Database) -> dict[tuple[str, str], list[str]]:
    """The buttons of every card that stands now, by reader and key, after all that was told."""
    rows = await database.rows("SELECT topic, body FROM outbox ORDER BY position")
    standing: dict[tuple[str, str], list[str]] = {}
    facts: dict[str, Any] = {}
    for moment, row in enumerate(rows):
        event: Any = topics()[row["topic"]].model_validate_json(row["body"])
        for notice in _told(event, facts, moment):
            if notice.card_key and notice.reader is not Reader.ACTOR:
                reader = PUBLIC if notice.reader is Reader.CHANNEL else notice.user_id
                pressed = [each for each in notice.buttons if isinstance(each, Press)]
                standing[reader, notice.card_key] = [each.verb for each in pressed]
    return standing


def _told(event: Event, facts: dict[str, Any], moment: int) -> list[Notice]:
    told = NOTICES_BY_EVENT[type(event)](event) if type(event) in NOTICES_BY_EVENT else []
    if isinstance(event, listing.Described | listing.Moved):
        change = listing.change(event, moment)
        facts |= change.words | change.standing | {"channel_id": "7"}
        told = told + listing.card(facts)
    return told


def buttons(verbs: Collection[str]) -> set[str]:
    """Those of an owner's verbs that there is a button for."""
    return {str(verb) for verb in verbs if verb in VERBS}


LISTING, OFFER = presenters.listing, presenters.offer
CONTRACT, DEAL = presenters.contract, presenters.deal
