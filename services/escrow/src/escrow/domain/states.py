"""The life of an escrow as a table. A pair that is absent is forbidden."""

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

HOLDING = frozenset({State.FUNDS_HELD, State.DELIVERED, State.DISPUTED})
"""States in which the agreed amount is held."""


def targets(state: State, action: Action) -> tuple[State, ...]:
    """Where the action may lead; more than one only where the target is remembered."""
    edge = TRANSITIONS[state, action]
    if edge.to is not None:
        return (edge.to,)
    return tuple(before for before, did in TRANSITIONS if did is Action.DISPUTE)


def diagram() -> str:
    """The table as a Mermaid state diagram, for people."""
    lines = ["stateDiagram-v2", f"    [*] --> {State.AWAIT_FUNDS}"]
    for state, action in TRANSITIONS:
        lines += [f"    {state} --> {to}: {action}" for to in targets(state, action)]
    leaving = {state for state, _ in TRANSITIONS}
    lines += [f"    {state} --> [*]" for state in State if state not in leaving]
    return "\n".join(lines)
