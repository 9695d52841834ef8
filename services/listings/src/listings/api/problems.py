"""Which status and code each refusal has; its words stand in the catalogue of refusals."""

from __future__ import annotations

from types import MappingProxyType

from chassis.problems import Rule, Rules

from listings.domain import errors

RULES: Rules = MappingProxyType(
    {
        errors.WrongState: Rule(409, "wrong_state"),
        errors.NotYourTurn: Rule(409, "not_your_turn"),
        errors.OwnListing: Rule(403, "own_listing"),
        errors.AmountTooHigh: Rule(422, "amount_too_high"),
        errors.TooManyOffers: Rule(409, "too_many_offers"),
        errors.CurrencyMismatch: Rule(422, "currency_mismatch"),
        errors.ListingReserved: Rule(409, "listing_reserved"),
        errors.AssetListed: Rule(409, "asset_listed"),
        errors.NotOwner: Rule(409, "not_owner"),
        errors.OwnershipUnknown: Rule(503, "ownership_unknown", retryable=True),
        errors.VersionMoved: Rule(409, "version_moved"),
    }
)
