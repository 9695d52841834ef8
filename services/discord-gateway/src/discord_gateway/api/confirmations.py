"""Commands on a thing: its owner says whether they can be given now, and what to show before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from contracts_schema.actions import Action
from contracts_schema.commands.discord import ButtonStyle, Card, Fact
from contracts_schema.message import Command, DiscordActor
from contracts_schema.money import Money
from pydantic import ValidationError

from discord_gateway.adapters.owners import OwnerAway, OwnerRefused, Owners
from discord_gateway.api import interactions, things, views
from discord_gateway.api.cards import words
from discord_gateway.api.interactions import Ack, InteractionContext, actor_of
from discord_gateway.api.schemas import OfferRead, PreviewRead, Share
from discord_gateway.api.things import Thing
from discord_gateway.domain.custom_id import Intent
from discord_gateway.ports import Interaction
from discord_gateway.texts import text

Facts = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class ActionStep:
    """Is a command, if its owner lets this person give it now; asked about where it says so."""

    command: Callable[[str], Command]
    facts: Callable[[Any], Facts] | None = None
    """What of the owner's preview is shown; without it nothing is ever asked."""

    async def press(
        self, context: InteractionContext, interaction: Interaction, intent: Intent
    ) -> None:
        """Take the command in, or ask first, or show how the thing stands instead."""
        ack = await interactions.acknowledge(interaction)
        reader, subject = actor_of(interaction), intent.subject
        try:
            thing = await things.read(context.owners, reader, subject)
        except (OwnerAway, OwnerRefused) as error:
            if self.facts is None and isinstance(error, OwnerAway):
                await interactions.take(context, interaction, self.command(subject), ack)
            elif ack is Ack.IN_TIME:
                await interactions.refused(interaction, error)
            return
        action = thing.action(intent.verb)
        if action is None and ack is Ack.IN_TIME:
            page = things.joined(words("stale", reader.locale), thing.page, reader.locale)
            await views.fill_page(context, interaction, page)
        elif action is not None and not action.preview:
            await interactions.take(context, interaction, self.command(subject), ack)
        elif action is not None and ack is Ack.IN_TIME:
            await self._ask(context, interaction, intent, (thing, action))

    async def _ask(
        self,
        context: InteractionContext,
        interaction: Interaction,
        intent: Intent,
        asked: tuple[Thing, Action],
    ) -> None:
        """Ask, with the preview that the owner gives just now."""
        (thing, action), reader = asked, actor_of(interaction)
        try:
            body = thing.body
            if action.preview != thing.path:
                body = await context.owners.get(thing.service, action.preview, reader)
            facts = self.facts(body) if self.facts else []
        except OwnerRefused as error:
            await views.refused(context, interaction, intent.subject, error)
            return
        except (OwnerAway, ValidationError) as error:
            away = error if isinstance(error, OwnerAway) else OwnerAway(f"{thing.service}: {error}")
            await interactions.refused(interaction, away)
            return
        label = text(f"confirmation.{intent.verb}.yes", reader.locale)
        yes = context.buttons.press(label, f"{intent.verb}_yes", intent.subject, ButtonStyle.DANGER)
        about = [("title", await _title(context.owners, reader, thing)), *facts]
        await interactions.fill(interaction, _question(intent.verb, about, reader.locale), yes)


async def _title(owners: Owners, reader: DiscordActor, thing: Thing) -> str:
    """What it is called; an offer tells only which listing it is for."""
    known = thing.page.card.title
    if thing.body.get("title") or "listing_id" not in thing.body:
        return known
    try:
        listing = await owners.get("listings", f"/v1/listings/{thing.body['listing_id']}", reader)
    except (OwnerAway, OwnerRefused):
        return known
    return str(listing.get("title") or known)


def offer_facts(body: Any) -> Facts:
    """An offer as it stands."""
    offer = OfferRead.model_validate(body)
    return [
        ("amount", str(offer.amount)),
        ("conditions", offer.conditions),
        ("state", offer.state),
    ]


def money_facts(branch: Callable[[PreviewRead], Share]) -> Callable[[Any], Facts]:
    """Who would get what, to the cent."""

    def facts(body: Any) -> Facts:
        read = PreviewRead.model_validate(body)
        share = branch(read)
        return [
            ("held", _shown(read.held)),
            ("seller_receives", _shown(share.seller)),
            ("fee", _shown(share.fee)),
            ("buyer_receives", _shown(share.buyer)),
        ]

    return facts


def _shown(amount: Money | None) -> str:
    return "" if amount is None or not amount.minor else str(amount)


def _question(verb: str, facts: Facts, locale: str) -> Card:
    return Card(
        title=text(f"confirmation.{verb}.title", locale),
        body=text(f"confirmation.{verb}.body", locale),
        fields=tuple(
            Fact(name=text(f"fact.{name}", locale), value=value[:1024])
            for name, value in facts
            if value
        ),
    )
