"""How terms read on paper and on the page: money, time, and text that cannot deceive the eye."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from contracts_schema.money import Money
from contracts_schema.terms import Fee, Terms

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_JOINERS = frozenset({"\u200c", "\u200d"})
_UNBROKEN = re.compile(r"(\S{16})(?=\S)")
_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


def legible(text: str) -> str:
    """The text with characters that hide or reorder others (bidi controls, …) spelled out."""
    return "".join(_spelled(character) for character in text)


def _spelled(character: str) -> str:
    hidden = unicodedata.category(character) in _HIDDEN
    if not hidden or character in _JOINERS or character == "\n":
        return character
    return f"⟨U+{ord(character):04X}⟩"


def breakable(text: str) -> str:
    """The text with places to break a line inside long runs, so that it stays on the page."""
    return _UNBROKEN.sub("\\1\u200b", text)


def duration(seconds: int) -> str:
    """``7 days``, ``1 day 12 hours``."""
    parts = []
    for name, size in _UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {name}{'' if count == 1 else 's'}")
    return " ".join(parts)


def fee(formula: Fee, terms: Terms) -> str:
    """``2.9 % + 0.30 USD = 125.00 USD``, computed by the code that will charge it."""
    if not formula.basis_points and not formula.fixed_minor:
        return "none"
    whole, hundredths = divmod(formula.basis_points, 100)
    rate = f"{whole}.{hundredths:02d}".rstrip("0").rstrip(".") + " %"
    fixed = Money(formula.fixed_minor, terms.price.currency)
    added = f" + {fixed}" if formula.fixed_minor else ""
    return f"{rate}{added} = {formula.of(terms.price)}"


def in_words(terms: Terms) -> dict[str, Any]:
    """Everything a reader of the terms is shown, as text."""
    windows = terms.windows
    return {
        "contract_id": terms.contract_id,
        "deal_id": terms.deal_id,
        "listing_id": terms.listing_id,
        "seller_id": terms.seller_id,
        "buyer_id": terms.buyer_id,
        "title": legible(terms.title),
        "goods": terms.goods.replace("_", " ").capitalize(),
        "asset_id": legible(terms.asset_id),
        "snapshot_sha256": terms.snapshot_sha256,
        "price": str(terms.price),
        "rail": {"STRIPE": "Stripe", "USDC_BASE": "USDC on Base"}.get(terms.rail, terms.rail),
        "seller_fee": fee(terms.seller_fee, terms),
        "buyer_fee": fee(terms.buyer_fee, terms),
        "buyer_pays": str(terms.price + terms.buyer_fee.of(terms.price)),
        "seller_receives": str(terms.price - terms.seller_fee.of(terms.price)),
        "funding": duration(windows.funding_s),
        "delivery": duration(windows.delivery_s),
        "inspection": duration(windows.inspection_s),
        "inspection_proven": duration(windows.inspection_proven_s),
        "tranches": [[str(part.number), str(part.amount)] for part in terms.tranches],
        "conditions": legible(terms.conditions),
    }
