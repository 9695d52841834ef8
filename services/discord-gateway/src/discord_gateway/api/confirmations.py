"""Steps that cannot be undone: each is asked again, with a preview read from its owner just now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from contracts_schema.commands.discord import ButtonStyle, Card, Fact
from contracts_schema.message import Command
from contracts_schema.money import Money
from pydantic import ValidationError

from discord_gateway.adapters.owners import OwnerAway, OwnerRefused
from discord_gateway.api import interactions
from discord_gateway.api.interactions import Ack, InteractionContext, actor_of
from discord_gateway.api.schemas import OfferRead, PreviewRead, Share
from discord_gateway.domain.custom_id import Intent
from discord_gateway.ports import Interaction
from discord_gateway.texts import text

Facts = list[tuple[str, str]]

_TITLES = {
    "listing_id": ("listings", "/v1/listings/"),
    "escrow_id": ("escrow", "/v1/escrows/"),
}


@dataclass(frozen=True, slots=True)
class ConfirmationStep:
    """Shows what the step would do, and asks whether to do it."""

    service: str
    path: str
    facts: Callable[[Any], Facts]
    command: Callable[[str], Command]
    """What is done after a yes."""
    style: ButtonStyle = ButtonStyle.SECONDARY

    async def press(
        self, context: InteractionContext, interaction: Interaction, intent: Intent
    ) -> None:
        """Ask, with what the owner says just now."""
        if await interactions.acknowledge(interaction) is not Ack.IN_TIME:
            return
        reader = actor_of(interaction)
        try:
            path = self.path.format(id=intent.subject)
            body = await context.owners.get(self.service, path, reader)
            facts = self.facts(await _titled(context, body, interaction))
        except (OwnerAway, OwnerRefused) as error:
            await interactions.refused(interaction, error)
            return
        except ValidationError as error:
            away = OwnerAway(f"{self.service} answers otherwise: {error}")
            await interactions.refused(interaction, away)
            return
        label = text(f"confirmation.{intent.verb}.yes", reader.locale)
        yes = context.buttons.press(label, f"{intent.verb}_yes", intent.subject, ButtonStyle.DANGER)
        await interactions.fill(interaction, _question(intent.verb, facts, reader.locale), yes)


def offer_facts(body: Any) -> Facts:
    """An offer as it stands."""
    offer = OfferRead.model_validate(body)
    return [
        ("title", offer.title),
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
            ("title", read.title),
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


async def _titled(context: InteractionContext, body: Any, interaction: Interaction) -> Any:
    """The body with the title of what it is about, where that can be read besides."""
    for key, (service, path) in _TITLES.items():
        if isinstance(body, dict) and not body.get("title") and key in body:
            try:
                about = await context.owners.get(
                    service, path + str(body[key]), actor_of(interaction)
                )
            except (OwnerAway, OwnerRefused):
                return body
            return body | {"title": str(about.get("title", ""))}
    return body
