"""Which status and code each refusal has, wherever it is shown; words are in the catalogue."""

from __future__ import annotations

from types import MappingProxyType

from chassis.problems import Rule, Rules

from escrow.domain import errors
from escrow.ports import BadWebhook, RailRefused, RailUnavailable, RailUnknown, Unreadable

RULES: Rules = MappingProxyType(
    {
        errors.NotAParty: Rule(404, "not_found"),
        errors.IllegalMove: Rule(409, "wrong_state"),
        errors.WrongParty: Rule(403, "wrong_party"),
        errors.MoneyHeld: Rule(409, "money_held"),
        errors.FundsMissing: Rule(409, "funds_missing"),
        errors.IsFrozen: Rule(409, "frozen"),
        errors.NotFrozen: Rule(409, "not_frozen"),
        errors.PayoutAccountMissing: Rule(409, "payout_account_missing"),
        errors.NothingToPay: Rule(409, "nothing_to_pay"),
        errors.RailNotEnabled: Rule(409, "rail_not_enabled"),
        errors.NoSurplus: Rule(409, "no_surplus"),
        errors.LedgerRed: Rule(409, "ledger_red"),
        errors.NotHalted: Rule(409, "not_halted"),
        errors.LedgerUnproven: Rule(409, "ledger_unproven"),
        errors.EscrowError: Rule(409, "refused"),
        RailUnavailable: Rule(503, "provider_unavailable", retryable=True),
        RailUnknown: Rule(503, "provider_unclear", retryable=True),
        RailRefused: Rule(502, "provider_refused"),
        BadWebhook: Rule(400, "signature_invalid"),
        Unreadable: Rule(503, "webhook_unreadable", retryable=True),
    }
)
