"""How each refusal of the domain is shown, the same over REST and the broker."""

from __future__ import annotations

from types import MappingProxyType

from chassis.problems import Rule, Rules

from escrow.domain import errors
from escrow.ports import BadWebhook, RailRefused, RailUnavailable, RailUnknown, Unreadable

READ_AGAIN = "Read the escrow again; it says whose turn it is and until when."
LATER = "Try again in a moment; nothing was lost."

RULES: Rules = MappingProxyType(
    {
        errors.NotAParty: Rule(404, "not_found", "Check the id and your account."),
        errors.IllegalMove: Rule(409, "wrong_state", READ_AGAIN),
        errors.WrongParty: Rule(403, "wrong_party", READ_AGAIN),
        errors.MoneyHeld: Rule(409, "money_held", "Ask the seller for a refund instead."),
        errors.FundsMissing: Rule(409, "funds_missing", "Write to support with the escrow's id."),
        errors.IsFrozen: Rule(409, "frozen", "Write to support with the escrow's id."),
        errors.NotFrozen: Rule(409, "not_frozen", READ_AGAIN),
        errors.PayoutAccountMissing: Rule(
            409,
            "payout_account_missing",
            "Set up payouts first: the Set up payouts button, or"
            " POST /v1/payout-accounts/onboarding-link. Then deliver again.",
        ),
        errors.NothingToPay: Rule(409, "nothing_to_pay", READ_AGAIN),
        errors.RailNotEnabled: Rule(409, "rail_not_enabled", "Name another rail, or none."),
        errors.NoSurplus: Rule(409, "no_surplus", READ_AGAIN),
        errors.EscrowError: Rule(409, "refused", READ_AGAIN),
        RailUnavailable: Rule(503, "provider_unavailable", LATER, True),
        RailUnknown: Rule(503, "provider_unclear", LATER, True),
        RailRefused: Rule(502, "provider_refused", "Write to support with the escrow's id.", False),
        BadWebhook: Rule(400, "signature_invalid", "Sign the raw body, within 300 s of now."),
        Unreadable: Rule(503, "webhook_unreadable", "Send it again; it was not kept.", True),
    }
)
