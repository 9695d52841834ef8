"""The life of an escrow as a table: who may do what, and whose turn it is.

A pair of state and action that is absent is forbidden.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class State(StrEnum):
    """Where the money of a contract stands."""

    AWAIT_FUNDS = "AWAIT_FUNDS"
    FUNDS_HELD = "FUNDS_HELD"
    DELIVERED = "DELIVERED"
    DISPUTED = "DISPUTED"
    RELEASING = "RELEASING"
    RELEASED = "RELEASED"
    REFUNDING = "REFUNDING"
    REFUNDED = "REFUNDED"
    SETTLING = "SETTLING"
    SETTLED = "SETTLED"
    CANCELLED = "CANCELLED"


class Action(StrEnum):
    """What moves an escrow."""

    HOLD = "hold"
    CANCEL = "cancel"
    DELIVER = "deliver"
    REFUND = "refund"
    DISPUTE = "dispute"
    RELEASE = "release"
    RULE_RELEASE = "rule release"
    RULE_REFUND = "rule refund"
    RULE_SPLIT = "rule split"
    WITHDRAW_DISPUTE = "withdraw dispute"
    PROVE_PAYOUT = "payout succeeded"
    PROVE_REFUND = "refund succeeded"
    PROVE_ALL = "all payouts succeeded"


class By(StrEnum):
    """On whose word an escrow moves."""

    BUYER = "buyer"
    SELLER = "seller"
    BOTH = "both parties"
    TIMER = "timer"
    PROOF = "proof"
    PROVIDER = "provider"
    SCREENING = "screening"
    ARBITRATOR = "arbitrator"
    OPENER = "who opened it"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Edge:
    """Where an action leads and who may take it."""

    to: State | None
    """None: back to the state that the dispute interrupted, which is remembered, not fixed."""
    by: frozenset[By]


def _edge(to: State | None, *by: By) -> Edge:
    return Edge(to, frozenset(by))


_DISPUTE = _edge(State.DISPUTED, By.BUYER, By.SELLER)
_RULERS = (By.ARBITRATOR, By.BOTH, By.OPERATOR)

TRANSITIONS: Mapping[tuple[State, Action], Edge] = MappingProxyType(
    {
        (State.AWAIT_FUNDS, Action.HOLD): _edge(State.FUNDS_HELD, By.PROVIDER),
        (State.AWAIT_FUNDS, Action.CANCEL): _edge(State.CANCELLED, By.BUYER, By.SELLER, By.TIMER),
        (State.FUNDS_HELD, Action.DELIVER): _edge(State.DELIVERED, By.SELLER),
        (State.FUNDS_HELD, Action.REFUND): _edge(
            *(State.REFUNDING, By.SELLER, By.BOTH, By.TIMER, By.SCREENING, By.OPERATOR)
        ),
        (State.FUNDS_HELD, Action.DISPUTE): _DISPUTE,
        (State.DELIVERED, Action.DISPUTE): _DISPUTE,
        (State.DELIVERED, Action.RELEASE): _edge(
            *(State.RELEASING, By.BUYER, By.TIMER, By.PROOF, By.OPERATOR)
        ),
        (State.DELIVERED, Action.REFUND): _edge(State.REFUNDING, By.SELLER, By.OPERATOR),
        (State.DISPUTED, Action.RULE_RELEASE): _edge(State.RELEASING, *_RULERS),
        (State.DISPUTED, Action.RULE_REFUND): _edge(State.REFUNDING, *_RULERS),
        (State.DISPUTED, Action.RULE_SPLIT): _edge(State.SETTLING, *_RULERS),
        (State.DISPUTED, Action.WITHDRAW_DISPUTE): _edge(None, By.OPENER),
        (State.RELEASING, Action.PROVE_PAYOUT): _edge(State.RELEASED, By.PROVIDER),
        (State.REFUNDING, Action.PROVE_REFUND): _edge(State.REFUNDED, By.PROVIDER),
        (State.SETTLING, Action.PROVE_ALL): _edge(State.SETTLED, By.PROVIDER),
    }
)

OPEN = frozenset({State.AWAIT_FUNDS, State.FUNDS_HELD, State.DELIVERED, State.DISPUTED})
"""States in which the outcome is not decided yet."""

PAYING = frozenset({State.RELEASING, State.REFUNDING, State.SETTLING})
"""States in which what was decided is being paid."""

PAYS_SELLER = OPEN | {State.RELEASING, State.SETTLING}
"""States in which the seller is still to be paid, or may be."""

HOLDING = frozenset({State.FUNDS_HELD, State.DELIVERED, State.DISPUTED})
"""States in which the agreed amount is held."""


class Verb(StrEnum):
    """What a party can do, in the word that buttons, routes and events have for it.

    In the order in which they are shown: what the deal waits for comes first.
    """

    PAY = "pay"
    ONBOARD = "onboard"
    DELIVER = "deliver"
    CONFIRM = "confirm"
    REFUND = "refund"
    CANCEL = "cancel"


VERBS: Mapping[Verb, Action] = MappingProxyType(
    {
        Verb.DELIVER: Action.DELIVER,
        Verb.CONFIRM: Action.RELEASE,
        Verb.REFUND: Action.REFUND,
        Verb.CANCEL: Action.CANCEL,
    }
)
"""The verbs that move an escrow by a party's own word, as the table above allows."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Who acts next (empty: nobody has to), what follows from silence, and the window until then.

    A state without a window waits for as long as it takes.
    """

    of: str
    otherwise: str
    window: str = ""


TURNS: Mapping[State, Turn] = MappingProxyType(
    {
        State.AWAIT_FUNDS: Turn("buyer", "cancelled", "funding"),
        State.FUNDS_HELD: Turn("seller", "refunded", "delivery"),
        State.DELIVERED: Turn("buyer", "released", "inspection"),
        State.DISPUTED: Turn("arbitrator", "waits"),
        State.RELEASING: Turn("provider", "retried"),
        State.REFUNDING: Turn("provider", "retried"),
        State.SETTLING: Turn("provider", "retried"),
        State.RELEASED: Turn("", "ended"),
        State.REFUNDED: Turn("", "ended"),
        State.SETTLED: Turn("", "ended"),
        State.CANCELLED: Turn("", "ended"),
    }
)
WINDOWS = tuple(turn.window for turn in TURNS.values() if turn.window)


def turn_of(state: State, frozen: bool) -> Turn:
    """Whose turn it is; a frozen deal waits for somebody to look."""
    turn = TURNS[state]
    if frozen and state in (State.FUNDS_HELD, State.DELIVERED):
        return Turn(turn.of, "frozen", turn.window)
    return turn


def targets(state: State, action: Action) -> tuple[State, ...]:
    """Where the action may lead; more than one only where the target is remembered."""
    edge = TRANSITIONS[state, action]
    if edge.to is not None:
        return (edge.to,)
    return tuple(before for before, did in TRANSITIONS if did is Action.DISPUTE)
