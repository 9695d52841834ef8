"""One deal's money, from agreed price to final owner."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from contracts_schema.money import Currency, Money
from contracts_schema.terms import Rail, Terms

from escrow.domain import errors
from escrow.domain.division import (
    Division,
    Taken,
    Tranche,
    if_refunded,
    if_released,
    total,
    tranches_of,
)
from escrow.domain.ledger import Amounts, Books, Entry
from escrow.domain.states import HOLDING, TRANSITIONS, Action, By, State

OWNERSHIP_LOST, CHARGEBACK, WRONG_CURRENCY = "ownership_lost", "chargeback", "wrong_currency"

LEAST_AFTER_FREEZE = timedelta(hours=24)
"""However little of a window was left when it was frozen: both get a day to act once it goes on."""


@dataclass(slots=True)
class Escrow:
    """Its terms never change, its amounts only by entries, its state only by the table."""

    escrow_id: str
    terms: Terms
    terms_sha256: str
    created_at: datetime
    deadline: datetime | None
    tranches: tuple[Tranche, ...]
    state: State = State.AWAIT_FUNDS
    version: int = 1
    amounts: Amounts = field(default_factory=Amounts)
    freezes: tuple[str, ...] = ()
    """Every reason why nothing moves by itself; each is lifted by itself."""
    frozen_since: datetime | None = None
    end_reason: str = ""

    @property
    def currency(self) -> Currency:
        """The one currency of this escrow."""
        return self.terms.price.currency

    @property
    def rail(self) -> Rail:
        """How its money comes and goes."""
        return self.terms.rail

    @property
    def agreed(self) -> Money:
        """What the buyer pays: price and buyer's fee."""
        return total((each.paid_in for each in self.tranches), self.currency)

    @property
    def held(self) -> Money:
        """What is held now."""
        return Money(self.amounts.held, self.currency)

    @property
    def surplus(self) -> Money:
        """What the buyer paid beyond what is held for the deal."""
        return Money(self.amounts.surplus, self.currency)

    @property
    def remainder(self) -> Money:
        """What is still to be paid, to the cent."""
        if self.state is not State.AWAIT_FUNDS:
            return Money(0, self.currency)
        return self.agreed - self.surplus

    @property
    def books(self) -> Books:
        """Its accounts in the ledger."""
        return Books(self.escrow_id, self.rail, self.terms.buyer_id, self.terms.seller_id)

    @property
    def frozen(self) -> str:
        """Why nothing moves by itself; empty while it does."""
        return ", ".join(self.freezes)

    @property
    def clock_stands(self) -> bool:
        """Whether its window waits; one that holds nothing ends in time, frozen or not."""
        return bool(self.freezes) and self.state is not State.AWAIT_FUNDS

    @property
    def undecided(self) -> tuple[Tranche, ...]:
        """The tranches whose outcome is open."""
        return tuple(each for each in self.tranches if not each.outcome)

    def side_of(self, user_id: str) -> By:
        """Which party this person is; others are told of nothing."""
        if user_id == self.terms.buyer_id:
            return By.BUYER
        if user_id == self.terms.seller_id:
            return By.SELLER
        raise errors.NotAParty(self.escrow_id)

    def hold(self, received: Money, now: datetime) -> None:
        """Hold the buyer's money, which with what came before must cover what was agreed."""
        if received + self.surplus < self.agreed:
            raise errors.WrongAmount(f"{self.agreed} is agreed; {received} came.")
        self._move(Action.HOLD, By.PROVIDER)
        self._begin_window(now, self.terms.windows.delivery_s)

    def cancel(self, by: By, now: datetime) -> None:
        """End it before anything is held."""
        self._check(Action.CANCEL, by)
        self.require_due(by, now)
        if self.held.minor:
            raise errors.MoneyHeld(f"{self.held} is held: it can be refunded, not cancelled.")
        self._move(Action.CANCEL, by)
        self.deadline = None

    def deliver(self, by: By, now: datetime) -> None:
        """The seller says that the goods were handed over; the inspection begins."""
        self._move(Action.DELIVER, by)
        self._begin_window(now, self.terms.windows.inspection_s)

    def prove_delivery(self, now: datetime) -> bool:
        """Both sides are proven: the inspection gets shorter, never longer. False if it is over."""
        if self.state is not State.DELIVERED or self.deadline is None:
            return False
        proven = now + timedelta(seconds=self.terms.windows.inspection_proven_s)
        self.deadline = min(self.deadline, proven)
        return True

    def release(self, by: By, now: datetime) -> Division:
        """Give every open tranche to the seller."""
        action = self._ruled(by, Action.RELEASE, Action.RULE_RELEASE)
        self._check(action, by)
        self.require_due(by, now)
        divided = if_released(self.undecided, self.currency)
        self._decide(action, by, divided, "RELEASE")
        return divided

    def refund(self, by: By, now: datetime) -> Division:
        """Give every open tranche back to the buyer; an operator gives what the bank left here."""
        action = self._ruled(by, Action.REFUND, Action.RULE_REFUND)
        self._check(action, by)
        self.require_due(by, now)
        divided = if_refunded(self.undecided, self.currency)
        if by is By.OPERATOR:
            divided = replace(divided, buyer=min(divided.buyer, self.held))
        self._decide(action, by, divided, "REFUND")
        return divided

    def all_paid(self) -> None:
        """The provider proved every payout of the decision: this is the end."""
        proofs = {
            State.RELEASING: Action.PROVE_PAYOUT,
            State.REFUNDING: Action.PROVE_REFUND,
            State.SETTLING: Action.PROVE_ALL,
        }
        if (action := proofs.get(self.state)) is None:
            raise errors.IllegalMove(self.state, Action.PROVE_PAYOUT)
        self._move(action, By.PROVIDER)

    def freeze(self, reason: str, now: datetime) -> bool:
        """Let nothing move by itself until this is over; False if it is frozen for it already."""
        if reason in self.freezes:
            return False
        self.freezes += (reason,)
        self.frozen_since = self.frozen_since or now
        return True

    def thaw(self, reason: str, now: datetime) -> bool:
        """This reason is over; False if it was none.

        With the last one the window goes on: what was left of it when it was frozen, and a day
        at the least.
        """
        if reason not in self.freezes:
            return False
        since = self.frozen_since or now
        if self.clock_stands and self.freezes == (reason,) and self.deadline is not None:
            self.deadline = now + max(self.deadline - since, LEAST_AFTER_FREEZE)
        self.freezes = tuple(each for each in self.freezes if each != reason)
        self.frozen_since = since if self.freezes else None
        return True

    def book(self, entry: Entry) -> Entry:
        """Take the entry's amounts over; the entry itself goes into the ledger beside."""
        self.amounts = self.amounts.after(entry)
        return entry

    def charged_back(self, amount: Money) -> Taken:
        """Who bears a chargeback: what is still here first, then who had it, then the platform."""
        had = self.amounts.released + self.amounts.fees + self.amounts.debt
        held = min(amount, self.held)
        surplus = min(amount - held, self.surplus)
        seller = min(amount - held - surplus, Money(max(had, 0), self.currency))
        return Taken(held, surplus, seller, amount - held - surplus - seller)

    def given_back(self, taken: Taken) -> Taken:
        """Who gets what a bank gives back: who bore it, and the payer where the deal is over."""
        if self.state in HOLDING:
            return taken
        return replace(taken, held=taken.held - taken.held, surplus=taken.surplus + taken.held)

    def require_operable(self, who: str) -> None:
        """An operator acts only where nothing goes on by itself, and never as a party."""
        if who in (self.terms.buyer_id, self.terms.seller_id):
            raise errors.WrongParty("decide", self.side_of(who), "operator who is no party")
        if not self.freezes and self.state is not State.DISPUTED:
            raise errors.NotFrozen(f"This escrow is {self.state} and not frozen: it goes on.")

    def require_whole(self) -> None:
        """What goes on by itself must hold what it was agreed on."""
        due = total((each.paid_in for each in self.undecided), self.currency)
        if self.state in HOLDING and self.held < due:
            raise errors.FundsMissing(
                f"Only {self.held} of {due} is held, the bank has the rest: decide it instead."
            )

    def _ruled(self, by: By, plain: Action, ruling: Action) -> Action:
        return ruling if by is By.OPERATOR and self.state is State.DISPUTED else plain

    def _decide(self, action: Action, by: By, divided: Division, outcome: str) -> None:
        if self.held < divided.total:
            raise errors.FundsMissing(
                f"Only {self.held} of {divided.total} is held: the payment was taken back."
            )
        self._move(action, by)
        self.deadline = None
        if by is By.OPERATOR:
            self.freezes, self.frozen_since = (), None
        self.tranches = tuple(
            each if each.outcome else replace(each, outcome=outcome) for each in self.tranches
        )

    def require_due(self, by: By, now: datetime) -> None:
        """A timer acts only at the end of its window, and never on what is frozen."""
        if by is not By.TIMER:
            return
        if self.clock_stands:
            raise errors.IsFrozen(f"This escrow is frozen: {self.frozen}.")
        if self.deadline is None or now < self.deadline:
            raise errors.NotDue(f"The window ends at {self.deadline}.")

    def _begin_window(self, now: datetime, seconds: int) -> None:
        """A window that begins while the escrow is frozen stands from its first second."""
        self.deadline = now + timedelta(seconds=seconds)
        self.frozen_since = now if self.freezes else None

    def _check(self, action: Action, by: By) -> State:
        edge = TRANSITIONS.get((self.state, action))
        if edge is None or edge.to is None:
            raise errors.IllegalMove(self.state, action)
        if by not in edge.by:
            raise errors.WrongParty(action, by, " or the ".join(sorted(edge.by)))
        return edge.to

    def _move(self, action: Action, by: By) -> None:
        self.state = self._check(action, by)


def open_escrow(escrow_id: str, terms: Terms, claimed_sha256: str, now: datetime) -> Escrow:
    """Open only on the very terms that were signed, and only on terms that can be kept."""
    actual = terms.sha256()
    if actual != claimed_sha256:
        raise errors.TermsRefused(
            f"The terms' hash is {actual}, the signed one is {claimed_sha256}: not what was signed."
        )
    _require_possible(terms)
    return Escrow(
        escrow_id=escrow_id,
        terms=terms,
        terms_sha256=actual,
        created_at=now,
        deadline=now + timedelta(seconds=terms.windows.funding_s),
        tranches=tranches_of(terms),
    )


def _require_possible(terms: Terms) -> None:
    if terms.buyer_id == terms.seller_id:
        raise errors.TermsRefused("Buyer and seller are one person.")
    if terms.rail is Rail.STRIPE and terms.price.currency is not Currency.USD:
        raise errors.TermsRefused(f"Stripe is paid in USD here, not in {terms.price.currency}.")
    if {part.amount.currency for part in terms.tranches} != {terms.price.currency}:
        raise errors.TermsRefused("A tranche is in another currency than the price.")
    if sum(part.amount.minor for part in terms.tranches) != terms.price.minor:
        raise errors.TermsRefused(f"The tranches do not add up to the price of {terms.price}.")
    numbers = [part.number for part in terms.tranches]
    if numbers != list(range(1, len(numbers) + 1)):
        raise errors.TermsRefused(f"The tranches are not numbered from 1: {numbers}.")
    if any(each.net.minor == 0 for each in tranches_of(terms)):
        raise errors.TermsRefused("The fee leaves nothing for the seller.")
