"""The buttons for what owners let people do: their looks, and the order in which they stand."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

from contracts_schema.commands.discord import ButtonStyle

PRIMARY, SECONDARY, DANGER = ButtonStyle.PRIMARY, ButtonStyle.SECONDARY, ButtonStyle.DANGER
MOST_BUTTONS = 5

STYLES: Mapping[str, ButtonStyle] = MappingProxyType(
    {
        "make_offer": PRIMARY,
        "view_offers": SECONDARY,
        "withdraw_listing": SECONDARY,
        "accept": PRIMARY,
        "counter": SECONDARY,
        "decline": SECONDARY,
        "withdraw_offer": SECONDARY,
        "sign": PRIMARY,
        "sign_web": SECONDARY,
        "review_pdf": SECONDARY,
        "onboard": PRIMARY,
        "pay": PRIMARY,
        "deliver": PRIMARY,
        "confirm": PRIMARY,
        "cancel": SECONDARY,
        "refund": DANGER,
    }
)
"""How each looks where nothing else is more urgent; a verb that is not here has no button."""


def buttons_of(verbs: Collection[str]) -> tuple[tuple[str, ButtonStyle], ...]:
    """The buttons for what its owner says a reader may do with a thing; one of them is primary."""
    shown: list[tuple[str, ButtonStyle]] = []
    for verb in (each for each in STYLES if each in verbs):
        taken = any(style is PRIMARY for _, style in shown)
        style = SECONDARY if taken and STYLES[verb] is PRIMARY else STYLES[verb]
        shown.append((verb, style))
    return tuple(shown[:MOST_BUTTONS])
