"""The transition table: what it says, and that everything it omits is refused."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest
from escrow.domain.errors import IllegalMove, WrongParty
from escrow.domain.escrow import Escrow
from escrow.domain.outcome import tranches_of
from escrow.domain.states import TRANSITIONS, TURNS, Action, By, State, targets
from escrow_builders import NOON, some_terms

OMITTED = [pair for pair in product(State, Action) if pair not in TRANSITIONS]
NOT_ALLOWED = [
    (state, action, by)
    for (state, action), edge in TRANSITIONS.items()
    for by in By
    if by not in edge.by
]
RULERS = {"arbitrator", "both parties", "operator"}
README = Path(__file__).parents[2] / "README.md"


def an_escrow(state: State) -> Escrow:
    terms = some_terms()
    return Escrow(
        escrow_id="esc_1",
        terms=terms,
        terms_sha256=terms.sha256(),
        created_at=NOON,
        deadline=NOON + timedelta(hours=1),
        tranches=tranches_of(terms),
        state=state,
    )


@pytest.mark.parametrize(("state", "action"), OMITTED)
def test_what_the_table_omits_is_refused_whoever_asks(state: State, action: Action):
    for by in By:
        escrow = an_escrow(state)
        with pytest.raises(IllegalMove) as refusal:
            escrow.move(action, by)

        assert (refusal.value.state, refusal.value.action) == (state, action)
        assert str(state) in str(refusal.value)
        assert str(action) in str(refusal.value)
        assert escrow == an_escrow(state)


@pytest.mark.parametrize(("state", "action", "by"), NOT_ALLOWED)
def test_who_the_table_does_not_name_is_refused(state: State, action: Action, by: By):
    escrow = an_escrow(state)

    with pytest.raises((WrongParty, IllegalMove)):
        escrow.move(action, by)

    assert escrow == an_escrow(state)


def test_the_table_is_that_of_the_specification_with_the_operator():
    assert {
        (state, action): (targets(state, action), set(edge.by))
        for (state, action), edge in TRANSITIONS.items()
    } == {
        ("AWAIT_FUNDS", "hold"): (("FUNDS_HELD",), {"provider"}),
        ("AWAIT_FUNDS", "cancel"): (("CANCELLED",), {"buyer", "seller", "timer"}),
        ("FUNDS_HELD", "deliver"): (("DELIVERED",), {"seller"}),
        ("FUNDS_HELD", "refund"): (
            ("REFUNDING",),
            {"seller", "both parties", "timer", "screening", "operator"},
        ),
        ("FUNDS_HELD", "dispute"): (("DISPUTED",), {"buyer", "seller"}),
        ("DELIVERED", "dispute"): (("DISPUTED",), {"buyer", "seller"}),
        ("DELIVERED", "release"): (("RELEASING",), {"buyer", "timer", "proof", "operator"}),
        ("DELIVERED", "refund"): (("REFUNDING",), {"seller", "operator"}),
        ("DISPUTED", "rule release"): (("RELEASING",), RULERS),
        ("DISPUTED", "rule refund"): (("REFUNDING",), RULERS),
        ("DISPUTED", "rule split"): (("SETTLING",), RULERS),
        ("DISPUTED", "withdraw dispute"): (("FUNDS_HELD", "DELIVERED"), {"who opened it"}),
        ("RELEASING", "payout succeeded"): (("RELEASED",), {"provider"}),
        ("REFUNDING", "refund succeeded"): (("REFUNDED",), {"provider"}),
        ("SETTLING", "all payouts succeeded"): (("SETTLED",), {"provider"}),
    }


def test_every_state_has_a_turn():
    assert set(TURNS) == set(State)


def test_the_readme_draws_the_table():
    drawn = set(
        re.findall(r"^    ([A-Z_]+) --> ([A-Z_]+): ", README.read_text("utf-8"), re.MULTILINE)
    )

    assert drawn == {
        (str(state), str(to)) for state, action in TRANSITIONS for to in targets(state, action)
    }
