"""Whose turn it is, and what happens if nobody acts: on every page about a deal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from escrow.domain.states import State


@dataclass(frozen=True, slots=True)
class Turn:
    """Who acts next (empty: nobody has to) and the code of what follows from silence."""

    of: str
    otherwise: str


TURNS: Mapping[State, Turn] = MappingProxyType(
    {
        State.AWAIT_FUNDS: Turn("buyer", "cancelled"),
        State.FUNDS_HELD: Turn("seller", "refunded"),
        State.DELIVERED: Turn("buyer", "released"),
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


def turn_of(state: State, frozen: bool) -> Turn:
    """Whose turn it is; a frozen deal waits for somebody to look."""
    turn = TURNS[state]
    if frozen and state in (State.FUNDS_HELD, State.DELIVERED):
        return Turn(turn.of, "frozen")
    return turn
