"""How each refusal is shown at the edge, at both doors."""

from __future__ import annotations

from collections.abc import Mapping

from chassis.problems import Rule

from escrow.domain import errors

RULES: Mapping[type[Exception], Rule] = {
    errors.IllegalTransition: Rule(
        409, "wrong_state", "Look at the escrow again to see what can be done now."
    ),
    errors.NotYours: Rule(403, "not_your_step", "Wait for the other side, or look at the escrow."),
    errors.MoneyHeld: Rule(409, "money_held", "Pay the remainder, or wait for the window to end."),
    errors.PayoutAccountMissing: Rule(
        409, "payout_account_missing", "Press Set up payouts, finish at Stripe, then deliver."
    ),
    errors.FrozenEscrow: Rule(409, "frozen", "An operator was told; wait for their word."),
    errors.RailRefused: Rule(
        502, "rail_refused", "Nothing moved. Try again later, or write to support."
    ),
    errors.RailUnavailable: Rule(
        503, "rail_unavailable", "Nothing moved. Try again in a minute.", retryable=True
    ),
}
