"""What a party is shown that they may do is what they may do, in every state and on every side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from escrow.api.schemas.escrow import actions_of
from escrow.domain.errors import EscrowError
from escrow.domain.escrow import Escrow
from escrow.domain.freeze import CHARGEBACK, freeze
from escrow.domain.ledger import Amounts
from escrow.domain.states import HOLDING, By, State, Verb
from escrow.domain.terms import open_escrow
from escrow_builders import BUYER, NOON, PRICE, SELLER, STRANGER, some_terms
from hypothesis import given
from hypothesis import strategies as st

COMMANDS: Mapping[Verb, Callable[[Escrow, By], object]] = {
    Verb.DELIVER: lambda escrow, by: escrow.deliver(by, NOON),
    Verb.CONFIRM: lambda escrow, by: escrow.release(by, NOON),
    Verb.REFUND: lambda escrow, by: escrow.refund(by, "seller_refunded", NOON),
    Verb.CANCEL: lambda escrow, by: escrow.cancel(by, "cancelled", NOON),
}
"""What each verb asks the domain for."""
SIDES = {BUYER: By.BUYER, SELLER: By.SELLER}
WHOSE = {"pay": BUYER, "onboard": SELLER, "deliver": SELLER, "confirm": BUYER, "refund": SELLER}


@st.composite
def escrows(draw: st.DrawFn) -> Escrow:
    """Any escrow there can be: in any state, frozen or not, with the money here or taken back."""
    terms = some_terms()
    escrow = open_escrow("esc_1", terms, terms.sha256(), NOON - timedelta(days=1))
    escrow.state = draw(st.sampled_from(State))
    escrow.seller_can_be_paid = draw(st.booleans())
    if escrow.state in HOLDING:
        held = draw(st.sampled_from([0, PRICE - 1, PRICE]))
        escrow.amounts = Amounts(received=held, held=held)
    if draw(st.booleans()):
        freeze(escrow, CHARGEBACK, NOON)
    return escrow


def is_refused(escrow: Escrow, verb: Verb, by: By) -> bool:
    """Whether the command is refused."""
    tried = replace(escrow)
    try:
        COMMANDS[verb](tried, by)
    except EscrowError:
        return True
    return False


@given(escrow=escrows(), by=st.sampled_from([By.BUYER, By.SELLER]))
def test_what_is_shown_is_not_refused_and_what_is_not_shown_is(escrow: Escrow, by: By):
    shown = escrow.may(by)

    for verb in COMMANDS:
        assert (verb in shown) != is_refused(escrow, verb, by), (verb, by, escrow.state)
    assert (Verb.PAY in shown) == (by is By.BUYER and escrow.state is State.AWAIT_FUNDS)


@given(escrow=escrows())
def test_a_seller_who_cannot_be_paid_is_asked_to_set_that_up_while_there_is_something_to_get(
    escrow: Escrow,
):
    to_get = {State.AWAIT_FUNDS, State.RELEASING, State.SETTLING} | HOLDING
    expected = not escrow.seller_can_be_paid and escrow.state in to_get

    assert (Verb.ONBOARD in escrow.may(By.SELLER)) == expected
    assert Verb.ONBOARD not in escrow.may(By.BUYER)


@given(escrow=escrows())
def test_events_tell_each_party_what_reads_show_them(escrow: Escrow):
    told = escrow.facts["actions"]

    for who, side in SIDES.items():
        assert told.get(who, ()) == escrow.may(side)
        assert [action.verb for action in actions_of(escrow, who)] == list(escrow.may(side))
    assert set(told) <= set(SIDES)
    assert actions_of(escrow, STRANGER) == []


@given(escrow=escrows(), who=st.sampled_from([BUYER, SELLER]))
def test_an_action_says_until_when_and_shows_what_cannot_be_undone_before(escrow: Escrow, who: str):
    for action in actions_of(escrow, who):
        if action.verb != "cancel":
            assert WHOSE[action.verb] == who
        assert bool(action.preview) == (action.verb in ("confirm", "refund", "cancel"))
        stands = action.verb == "onboard" or escrow.clock_stands
        assert action.until == (None if stands else escrow.deadline)


@pytest.mark.parametrize("who", [BUYER, SELLER])
def test_nothing_can_be_done_once_it_is_over(who: str):
    terms = some_terms()
    for state in (State.RELEASED, State.REFUNDED, State.SETTLED, State.CANCELLED):
        escrow = open_escrow("esc_1", terms, terms.sha256(), NOON)
        escrow.state = state
        assert actions_of(escrow, who) == []
        assert escrow.facts["actions"] == {}
