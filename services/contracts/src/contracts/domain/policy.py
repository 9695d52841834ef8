"""The platform's numbers, and how an accepted offer becomes terms under them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from contracts_schema.goods import DEFAULT_KIND, GoodsKind
from contracts_schema.ids import derive_id
from contracts_schema.money import Money
from contracts_schema.terms import Fee, Rail, Terms, TrancheTerms, Windows

from contracts.domain.errors import WindowsTooLong


@dataclass(frozen=True, slots=True)
class Deal:
    """An accepted offer, as listings told it."""

    deal_id: str
    listing_id: str
    seller_id: str
    buyer_id: str
    title: str
    asset_id: str
    snapshot_sha256: str
    price: Money
    delivery_s: int
    conditions: str = ""
    kind: str = DEFAULT_KIND


@dataclass(frozen=True, slots=True)
class Policy:
    """Fees, windows and the rail's threshold; frozen into each contract when it is drafted."""

    stripe_fee: Fee
    usdc_fee: Fee
    rail_threshold: Money
    signing_window: timedelta
    funding_s: int
    inspection_s: int
    inspection_proven_s: int
    longest_hold_s: int

    def rail_for(self, price: Money) -> Rail:
        """Stripe up to and including the threshold, USDC above it."""
        return Rail.STRIPE if price <= self.rail_threshold else Rail.USDC_BASE

    def terms(self, deal: Deal) -> Terms:
        """The terms of this deal; the same deal under the same policy gives the same bytes."""
        rail = self.rail_for(deal.price)
        return Terms(
            contract_id=contract_id_of(deal.deal_id),
            deal_id=deal.deal_id,
            listing_id=deal.listing_id,
            goods=GoodsKind(deal.kind),
            asset_id=deal.asset_id,
            snapshot_sha256=deal.snapshot_sha256,
            title=deal.title,
            seller_id=deal.seller_id,
            buyer_id=deal.buyer_id,
            price=deal.price,
            rail=rail,
            seller_fee=self.stripe_fee if rail is Rail.STRIPE else self.usdc_fee,
            buyer_fee=Fee(basis_points=0, fixed_minor=0),
            windows=Windows(
                funding_s=self.funding_s,
                delivery_s=deal.delivery_s,
                inspection_s=self.inspection_s,
                inspection_proven_s=self.inspection_proven_s,
            ),
            tranches=(TrancheTerms(number=1, amount=deal.price),),
            conditions=deal.conditions,
        )

    def check(self, terms: Terms) -> None:
        """Refuse windows that the payment provider cannot hold money for."""
        windows = terms.windows
        total_s = windows.funding_s + windows.delivery_s + windows.inspection_s
        if terms.rail is Rail.STRIPE and total_s > self.longest_hold_s:
            raise WindowsTooLong(total_s, self.longest_hold_s)


def contract_id_of(deal_id: str) -> str:
    """The one contract of a deal: the same for every repetition."""
    return derive_id("ctr", deal_id)
