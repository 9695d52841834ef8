"""How each refusal is shown at the edge, at both doors."""

from __future__ import annotations

from collections.abc import Mapping

from chassis.problems import Rule

from listings.domain import errors

RULES: Mapping[type[Exception], Rule] = {
    errors.WrongState: Rule(409, "wrong_state", "Look at it again to see what can be done now."),
    errors.NotYourTurn: Rule(409, "not_your_turn", "Wait for the answer, or look at the offer."),
    errors.OwnListing: Rule(403, "own_listing", "Choose a listing of somebody else."),
    errors.AmountTooHigh: Rule(422, "amount_too_high", "Offer the asking price or less."),
    errors.CurrencyMismatch: Rule(422, "currency_mismatch", "Use the listing's currency."),
    errors.ListingReserved: Rule(
        409, "listing_reserved", "Watch the listing: it may open again if that deal fails."
    ),
    errors.NotOwner: Rule(
        409, "not_owner", "Do not go on with this seller; look for another listing."
    ),
    errors.OwnershipUnknown: Rule(
        503, "ownership_unknown", "Nothing was changed. Try again in a minute.", retryable=True
    ),
    errors.VersionMoved: Rule(409, "version_moved", "Look at it again, then decide."),
}
