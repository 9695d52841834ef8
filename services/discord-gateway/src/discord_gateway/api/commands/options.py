"""Options of slash commands: typed ids, and choices read from the owners while one types."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from contracts_schema import goods
from contracts_schema.ids import parse_id
from contracts_schema.message import DiscordActor
from discord import app_commands
from pydantic import ValidationError

from discord_gateway.adapters.owners import OwnerAway, OwnerRefused
from discord_gateway.api import interactions
from discord_gateway.api.cards import refusal
from discord_gateway.api.components import press
from discord_gateway.api.interactions import InteractionContext, actor_of, locale_of
from discord_gateway.api.presenters import items
from discord_gateway.api.schemas import ContractRead, EscrowRead, Experience, ListingRead
from discord_gateway.domain.custom_id import Intent
from discord_gateway.domain.escaping import plain
from discord_gateway.ports import Interaction
from discord_gateway.texts import text

SUGGEST_WITHIN_S = 2.0
MOST_CHOICES = 25
MOST_NAME = 100

Choices = list[app_commands.Choice[str]]
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Where choices come from, and how a row becomes (id, name)."""

    service: str
    path: str
    choice: Callable[[Any], tuple[str, str]]
    pages: Callable[[], Sequence[Mapping[str, str]]] = lambda: ({},)
    """What is asked for, page by page."""


def _listing(row: Any) -> tuple[str, str]:
    listing = ListingRead.model_validate(row)
    return listing.id, f"{listing.title} · {listing.price} · {listing.state}"


def _contract(row: Any) -> tuple[str, str]:
    contract = ContractRead.model_validate(row)
    return contract.id, f"{contract.title} · {contract.price} · {contract.state}"


def _deal(row: Any) -> tuple[str, str]:
    deal = EscrowRead.model_validate(row)
    return deal.id, f"{deal.title} · {deal.price} · {deal.state}"


def _game(row: Any) -> tuple[str, str]:
    game = Experience.model_validate(row)
    return goods.reference(game.kind, game.asset_id), game.name


LISTINGS = Suggestion("listings", "/v1/listings", _listing)
OWN_LISTINGS = Suggestion("listings", "/v1/listings", _listing, lambda: ({"mine": "true"},))
CONTRACTS = Suggestion("contracts", "/v1/contracts", _contract)
DEALS = Suggestion("escrow", "/v1/escrows", _deal)
GAMES = Suggestion(
    *("verification", "/v1/users/{user_id}/experiences", _game),
    lambda: [{"kind": kind} for kind in goods.TRADED],
)


async def suggest(
    context: InteractionContext, interaction: Interaction, source: Suggestion, typed: str
) -> Choices:
    """What fits what is typed so far; nothing, when the owner cannot answer in time."""
    reader = actor_of(interaction)
    try:
        async with asyncio.timeout(SUGGEST_WITHIN_S):
            access = await context.owners.access(reader)
            path = source.path.format(user_id=access.user_id)
            rows = await _rows(context, reader, source, path)
        found = [source.choice(row) for row in rows]
    except (OwnerAway, OwnerRefused, TimeoutError, ValidationError) as error:
        log.info("autocomplete.nothing", source=source.service, error=type(error).__name__)
        return []
    wanted = typed.casefold()
    return [
        app_commands.Choice(name=plain(name, MOST_NAME) or value, value=value)
        for value, name in found
        if wanted in name.casefold() or wanted in value
    ][:MOST_CHOICES]


async def _rows(
    context: InteractionContext, reader: DiscordActor, source: Suggestion, path: str
) -> list[Any]:
    """The rows of every page that is answered; raises what went wrong if none is."""
    asked = [context.owners.get(source.service, path, reader, page) for page in source.pages()]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    failed = [each for each in answers if isinstance(each, BaseException)]
    if failed and len(failed) == len(answers):
        raise failed[0]
    return [row for body in answers if not isinstance(body, BaseException) for row in items(body)]


async def press_on(
    context: InteractionContext, interaction: Interaction, verb: str, named: tuple[str, str]
) -> None:
    """Do what the verb's button does, on the id that was typed; else say which kind is needed."""
    prefix, typed = named
    try:
        subject = parse_id(prefix, typed.strip())
    except ValueError:
        locale = locale_of(interaction)
        card = refusal(
            text("wrong.id", locale, prefix=prefix), text("wrong.id_next", locale), locale
        )
        await interactions.reply(interaction, card)
        return
    await press(context, interaction, Intent(verb, subject))
