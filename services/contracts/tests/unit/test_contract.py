"""What a contract may become, and who may make it so."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from contracts.domain import execution
from contracts.domain.contract import TRANSITIONS, Action, State
from contracts.domain.errors import (
    AlreadySigned,
    BrokenEvidence,
    NotAParty,
    SigningClosed,
    TermsDiffer,
    WrongPhrase,
    WrongState,
)
from contracts.domain.execution import Execution, ExecutionAction, ExecutionState
from contracts_builders import BUYER, NOON, SELLER, STRANGER, a_contract, a_signing
from contracts_schema.events.listings import Side

FORBIDDEN = [pair for pair in product(State, Action) if pair not in TRANSITIONS]
FORBIDDEN_FOR_EXECUTIONS = [
    pair for pair in product(ExecutionState, ExecutionAction) if pair not in execution.TRANSITIONS
]


@pytest.mark.parametrize(("state", "action"), FORBIDDEN)
def test_what_the_table_omits_is_refused(state, action):
    contract = a_contract(state=state)

    with pytest.raises(WrongState, match=state):
        contract._move(action)

    assert (contract.state, contract.version) == (state, 1)


@pytest.mark.parametrize(("state", "action"), sorted(TRANSITIONS))
def test_what_the_table_holds_moves_and_counts(state, action):
    contract = a_contract(state=state)

    contract._move(action)

    assert (contract.state, contract.version) == (TRANSITIONS[state, action], 2)


@pytest.mark.parametrize(("state", "action"), FORBIDDEN_FOR_EXECUTIONS)
def test_what_the_executions_table_omits_is_refused(state, action):
    with pytest.raises(WrongState):
        Execution("ctr_x", state)._move(action)


def test_both_sides_sign_the_same_hash():
    contract = a_contract()

    first = contract.sign(BUYER, a_signing(), NOON)
    second = contract.sign(SELLER, a_signing(seen_terms=contract.terms_sha256), NOON)
    contract.complete()

    assert (first.side, second.side) == (Side.BUYER, Side.SELLER)
    assert first.terms_sha256 == second.terms_sha256 == contract.terms_sha256
    assert contract.state is State.EXECUTING
    contract.check_signatures()


@pytest.mark.parametrize(
    "phrase", ["", "i agree", "I AGREE!", "I  AGREE", "I DISAGREE", "I\nAGREE"]
)
def test_other_words_are_no_signature(phrase):
    contract = a_contract()

    with pytest.raises(WrongPhrase):
        contract.sign(BUYER, a_signing(phrase=phrase), NOON)

    assert (contract.signatures, contract.version) == ([], 1)


@pytest.mark.parametrize("phrase", ["I AGREE", " I AGREE\n", "\tI AGREE "])
def test_white_space_around_the_words_does_not_matter(phrase):
    assert a_contract().sign(BUYER, a_signing(phrase=phrase), NOON).side is Side.BUYER


def test_a_stranger_does_not_learn_that_there_is_a_contract():
    with pytest.raises(NotAParty, match="was not found"):
        a_contract(state=State.VOID).sign(STRANGER, a_signing(), NOON)


def test_a_second_signature_of_the_same_party_names_what_is_next():
    contract = a_contract()
    contract.sign(BUYER, a_signing(), NOON)

    with pytest.raises(AlreadySigned, match=r"The seller can sign until 2026-11-24 12:00 UTC"):
        contract.sign(BUYER, a_signing(), NOON)


def test_who_signed_is_told_so_even_when_the_contract_has_moved_on():
    contract = a_contract()
    contract.sign(BUYER, a_signing(), NOON)
    contract.sign(SELLER, a_signing(), NOON)
    contract.complete()
    contract.execute(NOON)

    with pytest.raises(AlreadySigned, match="in force"):
        contract.sign(SELLER, a_signing(), NOON)


def test_terms_that_were_not_seen_are_not_signed():
    with pytest.raises(TermsDiffer, match="bbbb"):
        a_contract().sign(BUYER, a_signing(seen_terms="b" * 64), NOON)


def test_after_the_window_nobody_signs_even_before_the_timer_fires():
    contract = a_contract()

    with pytest.raises(SigningClosed, match="2026-11-24"):
        contract.sign(BUYER, a_signing(), NOON + timedelta(hours=72))

    assert contract.sign(BUYER, a_signing(), NOON + timedelta(hours=72, seconds=-1))


@pytest.mark.parametrize("state", [State.VOID, State.EXECUTION_FAILED, State.EXECUTED])
def test_a_contract_that_waits_for_nobody_is_not_signed(state):
    with pytest.raises(WrongState):
        a_contract(state=state).sign(BUYER, a_signing(), NOON)


def test_one_signature_does_not_complete_a_contract():
    contract = a_contract()
    contract.sign(BUYER, a_signing(), NOON)

    with pytest.raises(WrongState):
        contract.complete()
    with pytest.raises(BrokenEvidence, match="seller's signature is missing"):
        contract.check_signatures()


@pytest.mark.abuse("A8")
def test_a_signature_over_other_terms_is_no_agreement():
    contract = a_contract()
    contract.sign(BUYER, a_signing(), NOON)
    contract.sign(SELLER, a_signing(), NOON)
    contract.terms_sha256 = "c" * 64

    with pytest.raises(BrokenEvidence, match="signed other terms"):
        contract.check_signatures()


def test_the_third_failure_is_the_last():
    an_execution = Execution("ctr_x")
    outcomes = []
    for _ in range(3):
        an_execution.begin()
        outcomes.append(an_execution.fail("the archive is away"))

    assert outcomes == [False, False, True]
    assert (an_execution.state, an_execution.attempts) == (ExecutionState.FAILED, 3)
    an_execution.retry()
    assert (an_execution.state, an_execution.attempts) == (ExecutionState.PENDING, 0)


def test_an_execution_whose_process_died_begins_again_without_counting_it():
    an_execution = Execution("ctr_x", ExecutionState.PROCESSING, attempts=2)

    an_execution.begin()

    assert (an_execution.state, an_execution.attempts) == (ExecutionState.PROCESSING, 2)


def test_every_state_says_what_is_next():
    said = {a_contract(state=state).what_is_next() for state in State}
    assert len(said) == len(State)
    assert not any("{" in each for each in said)
