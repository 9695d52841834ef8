"""The terms that were signed: an escrow opens on those, and only if it can keep them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from contracts_schema.money import Currency
from contracts_schema.terms import Terms

from escrow.domain.errors import TermsRefused
from escrow.domain.escrow import Escrow
from escrow.domain.outcome import tranches_of


def open_escrow(escrow_id: str, terms: Terms, claimed_sha256: str, now: datetime) -> Escrow:
    """Open only on the very terms that were signed, and only on terms that can be kept."""
    actual = terms.sha256()
    if actual != claimed_sha256:
        raise TermsRefused("hash_differs", actual=actual, signed=claimed_sha256)
    require_possible(terms)
    escrow = Escrow(
        escrow_id=escrow_id,
        terms=terms,
        terms_sha256=actual,
        created_at=now,
        deadline=None,
        tranches=tranches_of(terms),
    )
    escrow.set_deadline(now + timedelta(seconds=terms.windows.funding_s))
    return escrow


def require_possible(terms: Terms) -> None:
    """Two people, and tranches that add up to a price which leaves something for the seller."""
    if terms.buyer_id == terms.seller_id:
        raise TermsRefused("one_person")
    if {part.amount.currency for part in terms.tranches} != {terms.price.currency}:
        raise TermsRefused("tranche_in_another_currency")
    if sum(part.amount.minor for part in terms.tranches) != terms.price.minor:
        raise TermsRefused("tranches_do_not_add_up", price=terms.price)
    numbers = [part.number for part in terms.tranches]
    if numbers != list(range(1, len(numbers) + 1)):
        raise TermsRefused("tranches_not_numbered", numbers=numbers)
    if any(each.net.minor == 0 for each in tranches_of(terms)):
        raise TermsRefused("nothing_left_for_the_seller")


def require_currency(terms: Terms, taken: Collection[Currency]) -> None:
    """The rail's money comes and goes in some currencies only."""
    if terms.price.currency not in taken:
        named = " or ".join(sorted(taken))
        asked = {"rail": terms.rail, "currency": terms.price.currency}
        raise TermsRefused("currency_not_taken", **asked, taken=named)
