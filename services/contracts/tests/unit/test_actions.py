"""What a party is shown that they may do is what they may do, in every state and on every side."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from contracts.api.schemas import actions_of
from contracts.domain.contract import Contract, State, Verb
from contracts.domain.errors import ContractError
from contracts.domain.signing_link import link_end
from contracts_builders import BUYER, NOON, SELLER, STRANGER, a_contract, a_signing
from contracts_schema.events.listings import Side
from hypothesis import given
from hypothesis import strategies as st

BEFORE, AFTER = NOON + timedelta(hours=71), NOON + timedelta(hours=72)


@st.composite
def contracts(draw: st.DrawFn) -> Contract:
    """Any contract there can be: in any state, signed by any of the two, with or without a PDF."""
    contract = a_contract()
    for who in draw(st.sets(st.sampled_from([BUYER, SELLER]))):
        contract.sign(who, a_signing(), NOON)
    contract.state = draw(st.sampled_from(State))
    if contract.state is State.VOID and draw(st.booleans()):
        contract.pdf_sha256 = None
    return contract


def attempts(contract: Contract, who: str, now) -> dict[Verb, Callable[[], object]]:
    """What each verb's command does first, before anything of the outside is asked."""

    def link() -> None:
        contract.check_may_sign(who, now)
        assert link_end(contract, now) > now

    def review() -> None:
        contract.side_of(who)
        assert contract.document_sha256

    return {
        Verb.SIGN_WEB: link,
        Verb.REVIEW_PDF: review,
        Verb.SIGN: lambda: contract.sign(who, a_signing(), now),
    }


@given(contracts(), st.sampled_from([BUYER, SELLER, STRANGER]), st.sampled_from([BEFORE, AFTER]))
def test_what_is_shown_is_not_refused_and_what_is_not_shown_is(contract, who, now):
    shown = contract.may(contract.parties.get(who), now)

    for verb, attempt in attempts(contract, who, now).items():
        if verb in shown:
            attempt()
        else:
            with pytest.raises(ContractError):
                attempt()


@given(contracts(), st.sampled_from([BEFORE, AFTER]))
def test_events_say_of_each_party_what_reading_says(contract, now):
    told = contract.actions(now)

    for who in (BUYER, SELLER, STRANGER):
        read = [each.verb for each in actions_of(contract, who, now)]
        assert list(told.get(who, ())) == read


def test_a_fresh_contract_is_signed_or_read_by_both():
    everything = (Verb.SIGN, Verb.SIGN_WEB, Verb.REVIEW_PDF)

    assert a_contract().actions(NOON) == {BUYER: everything, SELLER: everything}
    assert a_contract().may(None, NOON) == ()


def test_who_signed_may_only_read_while_the_other_may_sign():
    contract = a_contract()
    contract.sign(BUYER, a_signing(), NOON)

    assert contract.may(Side.BUYER, NOON) == (Verb.REVIEW_PDF,)
    assert Verb.SIGN in contract.may(Side.SELLER, NOON)


def test_steps_that_end_say_when():
    contract = a_contract()

    until = {each.verb: each.until for each in actions_of(contract, BUYER, NOON)}

    assert until == {"sign": AFTER, "sign_web": AFTER, "review_pdf": None}
