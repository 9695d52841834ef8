"""Money on its way out: known to be paid only when the provider proves it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from contracts_schema.money import Money

KEY_TRUSTED = timedelta(hours=20)
"""Providers forget idempotency keys after a day: an older one is not used again."""

ALERT_AFTER = 3


class PayoutState(StrEnum):
    """Where a payout stands. UNKNOWN is not FAILED: it is looked up."""

    PENDING = "PENDING"
    SENT = "SENT"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"


class PayoutKind(StrEnum):
    """To whom, and why."""

    RELEASE = "RELEASE"
    REFUND = "REFUND"
    RETURN = "RETURN"
    SURPLUS = "SURPLUS"


DECIDING = frozenset({PayoutKind.RELEASE, PayoutKind.REFUND})
"""Those that carry out the decision of an escrow: the last proof of them is its end."""

MOVES: Mapping[PayoutState, frozenset[PayoutState]] = MappingProxyType(
    {
        PayoutState.PENDING: frozenset({PayoutState.SENT}),
        PayoutState.SENT: frozenset(
            {PayoutState.SENT, PayoutState.SUCCEEDED, PayoutState.FAILED, PayoutState.UNKNOWN}
        ),
        PayoutState.UNKNOWN: frozenset({PayoutState.SENT, PayoutState.UNKNOWN}),
        PayoutState.FAILED: frozenset({PayoutState.SENT}),
        PayoutState.SUCCEEDED: frozenset({PayoutState.FAILED}),
    }
)
"""SUCCEEDED → FAILED: the provider itself gave the money back later."""


@dataclass(slots=True)
class Payout:
    """One payment to the seller, or back to the buyer, out of one charge."""

    payout_id: str
    escrow_id: str
    kind: PayoutKind
    payment_id: str
    amount: Money
    charge_id: str
    created_at: datetime
    returned: Money
    """How much of what was proven came back, where it was not all of it."""
    tranche: int | None = None
    destination: str | None = None
    state: PayoutState = PayoutState.PENDING
    attempt: int = 1
    sent_at: datetime | None = None
    failures: int = 0
    answered: bool = False
    """Whether the provider itself answered the last, unclear call: then nothing is in flight."""
    provider_id: str | None = None
    last_error: str = ""
    version: int = 1

    @property
    def to_seller(self) -> bool:
        """Whether the seller gets it; else it is the buyer's money going back."""
        return self.kind is PayoutKind.RELEASE

    @property
    def key(self) -> str:
        """The idempotency key of the call that pays it."""
        action = f"{self.kind.lower()}.{self.tranche or 0}.{self.payment_id}"
        return f"escrow:{self.escrow_id}:{action}:{self.attempt}"

    def send(self, now: datetime) -> None:
        """Note that the call is about to be made."""
        self._move(PayoutState.SENT)
        self.sent_at = self.sent_at or now

    def absent(self, now: datetime) -> None:
        """The provider has nothing of it: go on under a new key where the old one is used up.

        The old key is kept while its call may still be on its way, so that both are one.
        """
        old = self.sent_at is not None and now - self.sent_at >= KEY_TRUSTED
        if self.answered or old:
            self.attempt, self.sent_at, self.answered = self.attempt + 1, now, False

    def doubt(self, error: str, answered: bool) -> None:
        """The call's outcome is not known."""
        self._move(PayoutState.UNKNOWN)
        self.answered, self.last_error = answered, error[:500]

    def fail(self, error: str) -> None:
        """The provider refused: nothing moved, and the key has its answer."""
        self._move(PayoutState.FAILED)
        self.failures += 1
        self.answered, self.last_error = True, error[:500]

    def prove(self, provider_id: str) -> None:
        """The provider showed the finished payment."""
        self._move(PayoutState.SUCCEEDED)
        self.provider_id, self.last_error = provider_id, ""

    def take_back(self, returned: Money, reason: str) -> Money:
        """So much of what was proven has come back in all; what of it is new.

        Where it is all of it, the payout has failed after all.
        """
        new, self.returned = returned - self.returned, returned
        if returned == self.amount:
            self.fail(reason)
            self.returned = Money(0, returned.currency)
        return new

    @property
    def is_alarming(self) -> bool:
        """Whether an operator has to look."""
        return self.failures >= ALERT_AFTER

    def _move(self, to: PayoutState) -> None:
        if to not in MOVES[self.state]:
            raise ValueError(f"a payout that is {self.state} does not become {to}")
        self.state = to


@dataclass(frozen=True, slots=True)
class Charge:
    """A payment that money can be paid out of, and how much of it is left."""

    payment_id: str
    charge_id: str
    left: Money


def draw(amount: Money, charges: Sequence[Charge]) -> tuple[list[Charge], list[Charge]]:
    """What is taken of each charge, in their order, to make up the amount; and what is left then.

    A provider pays out of single charges. Raises ValueError when all of them are not enough.
    """
    drawn, left, missing = [], [], amount
    for charge in charges:
        part = min(charge.left, missing)
        if part.minor:
            drawn.append(replace(charge, left=part))
            missing = missing - part
        left.append(replace(charge, left=charge.left - part))
    if missing.minor:
        raise ValueError(f"{missing} more is to be paid out than was paid in")
    return drawn, left
