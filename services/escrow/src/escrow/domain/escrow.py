"""One deal's money, from agreed price to final owner."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from contracts_schema.money import Currency, Money
from contracts_schema.terms import Rail, Terms

from escrow.domain import errors
from escrow.domain.ledger import Amounts, Books, Entry
from escrow.domain.outcome import (
    Decision,
    Outcome,
    Share,
    Tranche,
    if_refunded,
    if_released,
    shares_of_buyer,
    total,
)
from escrow.domain.states import (
    PAYS_SELLER,
    TRANSITIONS,
    TURNS,
    VERBS,
    Action,
    By,
    State,
    Verb,
)


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
    seller_account: str | None = None
    """The provider's id of the account that the seller is paid to."""
    seller_can_be_paid: bool = False
    entries: list[Entry] = field(default_factory=list, compare=False, repr=False)
    """What was booked since it was read: written with its next version."""
    window_moved: bool = field(default=False, compare=False, repr=False)
    """Whether its window begins or ends with its next version."""

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
    def window(self) -> str:
        """What is waited for now: funding, delivery or inspection; empty: no window runs."""
        return TURNS[self.state].window

    @property
    def due(self) -> Money:
        """What must be held for the tranches whose outcome is open."""
        return total((each.paid_in for each in self.undecided), self.currency)

    @property
    def undecided(self) -> tuple[Tranche, ...]:
        """The tranches whose outcome is open."""
        return tuple(each for each in self.tranches if not each.outcome)

    @property
    def named(self) -> dict[str, Any]:
        """The ids and the title that it is known by."""
        names = ("deal_id", "listing_id", "buyer_id", "seller_id", "title")
        return {"escrow_id": self.escrow_id} | {name: getattr(self.terms, name) for name in names}

    @property
    def facts(self) -> dict[str, Any]:
        """What every event of it tells: which it is, and what each party may do next."""
        verbs = {user_id: self.may(side) for user_id, side in self.parties.items()}
        return {**self.named, "actions": {who: these for who, these in verbs.items() if these}}

    @property
    def parties(self) -> dict[str, By]:
        """Who is on which side."""
        return {self.terms.buyer_id: By.BUYER, self.terms.seller_id: By.SELLER}

    def side_of(self, user_id: str) -> By:
        """Which party this person is; others are told of nothing."""
        if (side := self.parties.get(user_id)) is None:
            raise errors.NotAParty(self.escrow_id)
        return side

    def may(self, side: By | None) -> tuple[Verb, ...]:
        """What this side can do now, as the commands decide it; no side can do nothing."""
        return tuple(verb for verb in Verb if self._is_open(verb, side))

    def _is_open(self, verb: Verb, side: By | None) -> bool:
        match verb:
            case Verb.PAY:
                return side is By.BUYER and (self.state, Action.HOLD) in TRANSITIONS
            case Verb.ONBOARD:
                waits = not self.seller_can_be_paid and self.state in PAYS_SELLER
                return side is By.SELLER and waits
            case Verb.DELIVER if not self.seller_can_be_paid:
                return False
            case Verb.CONFIRM | Verb.REFUND if self.held < self.due:
                return False
        edge = TRANSITIONS.get((self.state, VERBS[verb]))
        return edge is not None and side in edge.by

    def book(self, entry: Entry) -> None:
        """Take the entry's amounts over; the entry itself is written with the escrow."""
        self.amounts = self.amounts.after(entry)
        self.entries.append(entry)

    def hold(self, received: Money, reference: str, now: datetime) -> None:
        """Hold the buyer's money, which with what came before must cover what was agreed."""
        early = self.surplus
        if received + early < self.agreed:
            raise errors.WrongAmount(agreed=self.agreed, received=received)
        self.move(Action.HOLD, By.PROVIDER)
        self._begin_window(now, self.terms.windows.delivery_s)
        self.book(self.books.funds_held(reference, received, self.agreed, early))

    def cancel(self, by: By, reason: str, now: datetime) -> Money:
        """End it before anything is held; what was paid in part, which goes back."""
        self.check(Action.CANCEL, by)
        self.require_due(by, now)
        if self.held.minor:
            raise errors.MoneyHeld(held=self.held)
        self.move(Action.CANCEL, by)
        self.set_deadline(None)
        self.end_reason = reason
        return self.return_surplus(self.escrow_id)

    def return_surplus(self, reference: str) -> Money:
        """Owe the buyer what was paid and is not held for the deal."""
        amount = self.surplus
        if amount.minor:
            self.book(self.books.surplus_returned(reference, amount))
        return amount

    def deliver(self, by: By, now: datetime) -> None:
        """The seller says that the goods were handed over; the inspection begins."""
        self.check(Action.DELIVER, by)
        if not self.seller_can_be_paid:
            raise errors.PayoutAccountMissing
        self.move(Action.DELIVER, by)
        self._begin_window(now, self.terms.windows.inspection_s)

    def prove_delivery(self, now: datetime) -> bool:
        """Both sides are proven: the inspection gets shorter, never longer. False if it is over."""
        if self.state is not State.DELIVERED or self.deadline is None:
            return False
        proven = now + timedelta(seconds=self.terms.windows.inspection_proven_s)
        self.set_deadline(min(self.deadline, proven))
        return True

    def release(self, by: By, now: datetime) -> Decision:
        """Give every open tranche to the seller, less the fee."""
        tranches = self.undecided
        divided = if_released(tranches, self.currency)
        self._decide(self._ruled(by, Action.RELEASE, Action.RULE_RELEASE), by, divided.total, now)
        for each in tranches:
            reference = f"{self.escrow_id}:{each.number}"
            self.book(self.books.release_decided(reference, each.net, each.fee))
        self._note(Outcome.RELEASE)
        return Decision(divided, tuple(Share(each.number, each.net) for each in tranches))

    def refund(self, by: By, reason: str, now: datetime) -> Decision:
        """Give every open tranche back to the buyer; an operator gives what the bank left here."""
        tranches = self.undecided
        divided = if_refunded(tranches, self.currency)
        if by is By.OPERATOR:
            divided = replace(divided, buyer=min(divided.buyer, self.held))
        self._decide(self._ruled(by, Action.REFUND, Action.RULE_REFUND), by, divided.total, now)
        shares = shares_of_buyer(divided.buyer, tranches)
        for share in shares:
            reference = f"{self.escrow_id}:{share.tranche}"
            self.book(self.books.refund_decided(reference, share.amount))
        self._note(Outcome.REFUND)
        self.end_reason = reason
        return Decision(divided, shares)

    def all_paid(self) -> None:
        """The provider proved every payout of the decision: this is the end."""
        proofs = {
            State.RELEASING: Action.PROVE_PAYOUT,
            State.REFUNDING: Action.PROVE_REFUND,
            State.SETTLING: Action.PROVE_ALL,
        }
        if (action := proofs.get(self.state)) is None:
            raise errors.IllegalMove(self.state, Action.PROVE_PAYOUT)
        self.move(action, By.PROVIDER)

    def require_due(self, by: By, now: datetime) -> None:
        """A timer acts only at the end of its window, and never on what is frozen."""
        if by is not By.TIMER:
            return
        if self.clock_stands:
            raise errors.IsFrozen(reasons=self.frozen)
        if self.deadline is None or now < self.deadline:
            raise errors.NotDue(deadline=self.deadline)

    def set_deadline(self, deadline: datetime | None) -> None:
        """Begin the window anew that ends then, or end the one that runs."""
        self.deadline, self.window_moved = deadline, True

    def check(self, action: Action, by: By) -> State:
        """Where the action leads, if the table allows it now and to them."""
        edge = TRANSITIONS.get((self.state, action))
        if edge is None or edge.to is None:
            raise errors.IllegalMove(self.state, action)
        if by not in edge.by:
            raise errors.WrongParty(action, by, " or the ".join(sorted(edge.by)))
        return edge.to

    def move(self, action: Action, by: By) -> None:
        """Take the action, by the table and by no other way."""
        self.state = self.check(action, by)

    def _ruled(self, by: By, plain: Action, ruling: Action) -> Action:
        return ruling if by is By.OPERATOR and self.state is State.DISPUTED else plain

    def _decide(self, action: Action, by: By, due: Money, now: datetime) -> None:
        self.check(action, by)
        self.require_due(by, now)
        if self.held < due:
            raise errors.FundsMissing(self.held, due)
        self.move(action, by)
        self.set_deadline(None)
        if by is By.OPERATOR:
            self.freezes, self.frozen_since = (), None

    def _note(self, outcome: Outcome) -> None:
        self.tranches = tuple(
            each if each.outcome else replace(each, outcome=outcome) for each in self.tranches
        )

    def _begin_window(self, now: datetime, seconds: int) -> None:
        """A window that begins while the escrow is frozen stands from its first second."""
        self.set_deadline(now + timedelta(seconds=seconds))
        self.frozen_since = now if self.freezes else None
