"""Forms: what is asked, and the command that the answers make; their words are texts by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from contracts_schema import goods
from contracts_schema.commands import contracts, escrow, listings
from contracts_schema.events.listings import Visibility
from contracts_schema.message import Command
from contracts_schema.money import Currency, Money

from discord_gateway.domain.errors import WrongEntry

MOST_EVIDENCE = 10
_WINDOW = re.compile(r"([0-9]{1,3}) *([hd]?)", re.IGNORECASE)

Values = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Entry:
    """One field of a form; its words are the texts under ``field.<name>``."""

    name: str
    most: int
    required: bool = True
    long: bool = False
    default: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of one verb, and how they become a command; its title is ``form.<name>.title``."""

    name: str
    entries: tuple[Entry, ...]
    build: Callable[[str, Values], Command]


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
    def build(asset: str, values: Values) -> Command:
        kind, asset_id = goods.read_reference(asset)
        return listings.CreateListing(
            kind=kind,
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


MAKE_OFFER = Form("make_offer", _AMOUNT, _offer)
COUNTER = Form("counter", _AMOUNT, _counter)
SIGN = Form("sign", (Entry("phrase", 40),), _sign)
DELIVER = Form(
    "deliver",
    (
        Entry("title", 255),
        Entry("description", 2000, required=False, long=True),
        Entry("evidence", 2000, required=False, long=True),
    ),
    _deliver,
)
LIST_PUBLIC = Form("listing", _LISTING, _list(Visibility.PUBLIC))
LIST_PRIVATE = Form("listing", _LISTING, _list(Visibility.PRIVATE))
