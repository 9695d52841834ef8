"""A rail that keeps its own books: idempotent by key, faulty on demand, never believed."""

from __future__ import annotations

import asyncio
import json
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from contracts_schema.money import Currency, Money
from contracts_schema.terms import Rail
from escrow.ports import (
    About,
    AccountSeen,
    ChargebackSeen,
    Notice,
    PaymentAsk,
    PaymentPage,
    PaymentSeen,
    PaymentStatus,
    PayoutOrder,
    PayoutSeen,
    PayoutStatus,
    RailMissing,
    RailRefused,
    RailUnavailable,
    RailUnknown,
)

FEE_BPS, FEE_FIXED = 290, 30


def _fee(paid: int) -> Money:
    return Money(paid * FEE_BPS // 10_000 + FEE_FIXED, Currency.USD)


@dataclass
class FakeRail:
    """Pages, payments, payouts and accounts in memory."""

    rail: Rail = Rail.STRIPE
    currencies: frozenset[Currency] = frozenset({Currency.USD})
    takes_webhooks: bool = True
    pages: dict[str, PaymentAsk] = field(default_factory=dict)
    seen: dict[str, PaymentSeen] = field(default_factory=dict)
    payouts: dict[str, PayoutSeen] = field(default_factory=dict)
    orders: dict[str, str] = field(default_factory=dict)
    accounts: dict[str, bool] = field(default_factory=dict)
    chargebacks: dict[str, ChargebackSeen] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    faults: dict[str, deque[Exception | str]] = field(default_factory=dict)
    travelling: list[tuple[str, Any]] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    paid_in: Counter[str] = field(default_factory=Counter)
    paid_out: Counter[str] = field(default_factory=Counter)
    given_back: Counter[str] = field(default_factory=Counter)
    charged_back: Counter[str] = field(default_factory=Counter)
    tells_fees_at_once: bool = True
    """Off: the fee is shown only after ``tell_fee``, as where a capture is completed later."""

    # The drivers' side -------------------------------------------------------------------

    def fail(self, call: str, *faults: Exception | str) -> None:
        """Let the next calls fail.

        ``after``: done, the reply is lost; ``500``: saved under the key; ``slow``: on its way,
        done only when ``arrive`` says so; ``down``: not done.
        """
        self.faults.setdefault(call, deque()).extend(faults)

    def settle_in(self, reference: str, currency: str) -> None:
        """Play an account that settles in another currency, in which the fee is kept."""
        foreign = f"{FEE_FIXED} {currency}"
        self.seen[reference] = replace(self.seen[reference], provider_fee=None, foreign_fee=foreign)

    def tell_fee(self, reference: str) -> str:
        """Play the provider, who knows its fee now; the charge."""
        seen = self.seen[reference]
        self.seen[reference] = replace(seen, provider_fee=_fee(seen.received_minor))
        return str(seen.charge_id)

    def pay(self, reference: str, minor: int | None = None, currency: str = "USD") -> str:
        """Play the buyer; the provider's payment id. Raises if nobody can pay there any more."""
        seen, ask = self.seen[reference], self.pages[reference]
        if seen.status is not PaymentStatus.OPEN:
            raise LookupError(f"{reference} is {seen.status}")
        amount = ask.amount.minor if minor is None else minor
        number = len(self.paid_in) + sum(self.calls.values())
        self.seen[reference] = replace(
            seen,
            status=PaymentStatus.PAID,
            url=None,
            provider_id=f"pi_{reference}_{number}",
            charge_id=f"ch_{reference}_{number}",
            received_minor=amount,
            currency=currency,
            provider_fee=_fee(amount) if self.tells_fees_at_once else None,
        )
        self.paid_in[ask.escrow_id] += amount
        return str(self.seen[reference].provider_id)

    def charge_back(self, reference: str, fee: int = 1_500) -> str:
        """Play the payer's bank, which takes the whole payment back; the dispute's id."""
        seen = self.seen[reference]
        dispute, currency = f"dp_{seen.charge_id}", Currency(seen.currency)
        self.chargebacks[dispute] = ChargebackSeen(
            *(dispute, str(seen.charge_id), Money(seen.received_minor, currency)),
            fee=Money(fee, currency),
            taken=True,
            reason="fraudulent",
            payment_id=str(seen.provider_id),
        )
        self.charged_back[self.pages[reference].escrow_id] += seen.received_minor
        return dispute

    def win(self, reference: str, fee: int = 1_500) -> None:
        """Play the payer's bank, which gives the money back, and a provider that keeps a fee."""
        dispute = f"dp_{self.seen[reference].charge_id}"
        seen = self.chargebacks[dispute]
        kept = Money(fee, seen.amount.currency)
        self.chargebacks[dispute] = replace(seen, taken=False, fee=kept)
        self.charged_back[self.pages[reference].escrow_id] -= seen.amount.minor

    def paid(self, escrow_id: str) -> list[str]:
        """The pages of this escrow at which somebody paid."""
        return [
            reference
            for reference, ask in self.pages.items()
            if ask.escrow_id == escrow_id and self.seen[reference].status is PaymentStatus.PAID
        ]

    def decline(self, reference: str, number: int = 1) -> None:
        """Play a buyer whose card is declined."""
        seen = self.seen[reference]
        self.seen[reference] = replace(
            seen,
            provider_id=f"pi_{reference}",
            failure_id=f"ch_{reference}_declined_{number}",
            failure_code="insufficient_funds",
        )

    def expire(self, reference: str) -> None:
        """Play the provider's own end of a page."""
        if self.seen[reference].status is PaymentStatus.OPEN:
            closed = replace(self.seen[reference], status=PaymentStatus.CLOSED, url=None)
            self.seen[reference] = closed

    def onboard(self, account_id: str, ready: bool = True) -> None:
        """Play the seller, or the provider who asks for more."""
        self.accounts[account_id] = ready

    def send_back(self, provider_id: str, minor: int = 0) -> None:
        """Play whoever gives a payout back after all: this much more of it, or what is left."""
        seen = self.payouts[provider_id]
        back = Money(minor, seen.amount.currency) if minor else seen.amount - seen.returned
        seen = replace(seen, returned=seen.returned + back)
        if seen.returned == seen.amount:
            seen = replace(seen, status=PayoutStatus.FAILED, reason="returned")
        self.payouts[provider_id] = seen
        books = self.given_back if seen.destination is None else self.paid_out
        books[seen.escrow_id] -= back.minor

    def arrive(self) -> None:
        """Calls that were on their way are done now, each under the key it was made with."""
        for key, work in self.travelling:
            if key not in self.answers:
                self.answers[key] = work()
        self.travelling.clear()

    def moved(self, escrow_id: str) -> tuple[int, int, int]:
        """What came in, went to the seller, and went back, by the provider's own books."""
        return self.paid_in[escrow_id], self.paid_out[escrow_id], self.given_back[escrow_id]

    # The port ------------------------------------------------------------------------------

    async def open(self, ask: PaymentAsk) -> PaymentPage:
        return await self._keyed("open", ask.key, lambda: self._open(ask))

    def _open(self, ask: PaymentAsk) -> PaymentPage:
        reference = f"cs_{ask.payment_id}"
        self.pages[reference] = ask
        url = f"https://pay.example/{reference}"
        self.seen[reference] = PaymentSeen(reference, PaymentStatus.OPEN, url=url)
        return PaymentPage(reference, url)

    async def look_up_payment(self, reference: str) -> PaymentSeen:
        await self._called("look_up_payment")
        return self._kept(self.seen, reference)

    async def close_payment(self, reference: str) -> PaymentSeen:
        await self._called("close_payment")
        self.expire(reference)
        return self.seen[reference]

    async def reference_of(self, subject: str) -> str | None:
        await self._called("reference_of")
        if subject in self.seen:
            return subject
        found = [one.reference for one in self.seen.values() if one.provider_id == subject]
        return found[0] if found else None

    async def pay_out(self, order: PayoutOrder) -> str:
        return await self._keyed("pay_out", order.key, lambda: self._pay(order))

    async def refund(self, order: PayoutOrder) -> str:
        return await self._keyed("refund", order.key, lambda: self._pay(order))

    def _pay(self, order: PayoutOrder) -> str:
        if order.destination is not None and not self.accounts.get(order.destination):
            raise RailRefused("account_restricted", "The account cannot be paid.")
        provider_id = f"{'tr' if order.destination else 're'}_{len(self.payouts)}"
        self.payouts[provider_id] = PayoutSeen(
            provider_id,
            order.escrow_id,
            PayoutStatus.DONE,
            order.amount,
            order.charge_id,
            order.destination,
            Money(0, order.amount.currency),
        )
        self.orders[provider_id] = order.payout_id
        books = self.given_back if order.destination is None else self.paid_out
        books[order.escrow_id] += order.amount.minor
        return provider_id

    async def look_up_payout(self, provider_id: str) -> PayoutSeen:
        await self._called("look_up_payout")
        return self._kept(self.payouts, provider_id)

    async def find_payout(self, order: PayoutOrder) -> PayoutSeen | None:
        await self._called("find_payout")
        for provider_id, seen in self.payouts.items():
            failed_refund = seen.status is PayoutStatus.FAILED and seen.destination is None
            if self.orders[provider_id] == order.payout_id and not failed_refund:
                return seen
        return None

    async def open_account(self, user_id: str, key: str) -> str:
        return await self._keyed("open_account", key, lambda: self._account(user_id))

    def _account(self, user_id: str) -> str:
        account_id = f"acct_{user_id}_{len(self.accounts)}"
        self.accounts[account_id] = False
        return account_id

    async def account_link(self, account_id: str) -> str:
        await self._called("account_link")
        return f"https://onboard.example/{account_id}/{self.calls['account_link']}"

    async def look_up_account(self, account_id: str) -> AccountSeen:
        await self._called("look_up_account")
        return AccountSeen(account_id, self._kept(self.accounts, account_id))

    async def look_up_chargeback(self, provider_id: str) -> ChargebackSeen:
        await self._called("look_up_chargeback")
        return self._kept(self.chargebacks, provider_id)

    async def close(self) -> None:
        """Nothing is held."""

    def read_webhook(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        event = json.loads(body)
        return Notice(event["id"], event["type"], About(event["about"]), event["subject"])

    def _kept(self, kept: Mapping[str, Any], provider_id: str) -> Any:
        if provider_id not in kept:
            raise RailMissing(f"no such object: {provider_id}")
        return kept[provider_id]

    # Faults and keys -----------------------------------------------------------------------

    async def _called(self, call: str) -> Exception | str | None:
        await asyncio.sleep(0)
        self.calls[call] += 1
        pending = self.faults.get(call)
        fault = pending.popleft() if pending else None
        if fault == "down":
            raise RailUnavailable("down")
        if isinstance(fault, Exception):
            raise fault
        return fault

    async def _keyed(self, call: str, key: str, work: Any) -> Any:
        fault = await self._called(call)
        if fault == "slow":
            self.travelling.append((key, work))
            raise RailUnknown("no reply yet", answered=False)
        if key not in self.answers:
            try:
                self.answers[key] = "500" if fault == "500" else work()
            except RailRefused as refusal:
                self.answers[key] = refusal
        answer = self.answers[key]
        if fault == "after":
            raise RailUnknown("the reply was lost", answered=False)
        if answer == "500":
            raise RailUnknown("500, and the answer is saved", answered=True)
        if isinstance(answer, RailRefused):
            raise answer
        return answer
