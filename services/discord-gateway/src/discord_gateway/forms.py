"""Forms: what a modal asks, built from local words alone, and the command its answers make."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import discord
from contracts_schema.commands import contracts, escrow, listings
from contracts_schema.events.listings import Visibility
from contracts_schema.message import Command
from contracts_schema.money import Currency, Money
from discord import ui

from discord_gateway.catalogue import text

MOST_EVIDENCE = 10
_WINDOW = re.compile(r"([0-9]{1,3}) *([hd]?)", re.IGNORECASE)

Values = Mapping[str, str]


class WrongEntry(ValueError):
    """What was typed into a field cannot be read; the message is a key of the catalogue."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One field of a form; its words stand in the catalogue under ``field.<name>``."""

    name: str
    most: int
    required: bool = True
    long: bool = False
    default: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of one verb, and how they become a command; words under ``form.<name>``."""

    name: str
    entries: tuple[Entry, ...]
    build: Callable[[str, Values], Command]


def open_modal(form: Form, custom_id: str, locale: str) -> ui.Modal:
    """The form as Discord shows it."""
    modal = ui.Modal(
        title=text(f"form.{form.name}.title", locale), custom_id=custom_id, timeout=None
    )
    for entry in form.entries:
        style = discord.TextStyle.long if entry.long else discord.TextStyle.short
        field: ui.TextInput[Any] = ui.TextInput(
            custom_id=entry.name,
            style=style,
            required=entry.required,
            max_length=entry.most,
            placeholder=text(f"field.{entry.name}.hint", locale) or None,
            default=entry.default or None,
        )
        modal.add_item(ui.Label(text=text(f"field.{entry.name}.label", locale), component=field))
    return modal


def entered(data: Mapping[str, Any]) -> dict[str, str]:
    """What the person typed, by field, out of a submitted form."""
    found: dict[str, str] = {}
    for part in data.get("components", ()):
        fields = [part["component"]] if "component" in part else part.get("components", ())
        for field in fields:
            found[str(field.get("custom_id"))] = str(field.get("value") or "").strip()
    return found


def _offer(listing_id: str, values: Values) -> Command:
    return listings.MakeOffer(
        listing_id=listing_id, amount=_money(values["amount"]), conditions=values["conditions"]
    )


def _counter(offer_id: str, values: Values) -> Command:
    return listings.CounterOffer(
        offer_id=offer_id, amount=_money(values["amount"]), conditions=values["conditions"]
    )


def _sign(contract_id: str, values: Values) -> Command:
    return contracts.Sign(contract_id=contract_id, phrase=values["phrase"])


def _deliver(escrow_id: str, values: Values) -> Command:
    return escrow.Deliver(
        escrow_id=escrow_id,
        title=values["title"],
        description=values["description"],
        evidence=_evidence(values["evidence"]),
    )


def _list(visibility: Visibility) -> Callable[[str, Values], Command]:
    def build(asset_id: str, values: Values) -> Command:
        return listings.CreateListing(
            asset_id=asset_id,
            title=values["title"],
            summary=values["summary"],
            price=_money(values["price"]),
            category=values["category"],
            visibility=visibility,
            delivery_window_s=_window_s(values["delivery_window"]),
        )

    return build


def _money(typed: str) -> Money:
    try:
        return Money.parse(typed, Currency.USD)
    except ValueError as error:
        raise WrongEntry("wrong.amount") from error


def _window_s(typed: str) -> int:
    match = _WINDOW.fullmatch(typed)
    if match is None:
        raise WrongEntry("wrong.window")
    unit_s = listings.HOUR_S if match[2].lower() == "h" else listings.DAY_S
    return int(match[1]) * unit_s


def _evidence(typed: str) -> tuple[escrow.Evidence, ...]:
    """Each line is a piece of evidence; more lines than pieces allowed are one note together."""
    lines = [line.strip() for line in typed.splitlines() if line.strip()]
    if len(lines) > MOST_EVIDENCE:
        lines = ["\n".join(lines)]
    return tuple(
        escrow.Evidence(
            kind="link" if line.startswith(("https://", "http://")) else "note", text=line
        )
        for line in lines
    )


_AMOUNT = (Entry("amount", 20), Entry("conditions", 500, required=False, long=True))
_LISTING = (
    Entry("title", 255),
    Entry("summary", 1000, required=False, long=True),
    Entry("price", 20),
    Entry("category", 100, default="game"),
    Entry("delivery_window", 6, default="7d"),
)

FORMS: Mapping[str, Form] = {
    "make_offer": Form("make_offer", _AMOUNT, _offer),
    "counter": Form("counter", _AMOUNT, _counter),
    "sign": Form("sign", (Entry("phrase", 40),), _sign),
    "deliver": Form(
        "deliver",
        (
            Entry("title", 255),
            Entry("description", 2000, required=False, long=True),
            Entry("evidence", 2000, required=False, long=True),
        ),
        _deliver,
    ),
    "list_public": Form("listing", _LISTING, _list(Visibility.PUBLIC)),
    "list_private": Form("listing", _LISTING, _list(Visibility.PRIVATE)),
}
"""By verb: the same word opens the form and comes back with its answers."""
