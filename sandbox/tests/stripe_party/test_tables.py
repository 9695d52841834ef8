"""The committed tables say what Stripe's own description says."""

import json

import pytest
from sandbox.stripe import describe
from sandbox.stripe.parameters import TABLE
from sandbox.stripe.store import SKELETONS
from stripe_description import ABSENT, faults_of_object, fixtures, is_there, raw

pytestmark = pytest.mark.skipif(not is_there(), reason=ABSENT)


def test_the_parameter_table_is_complete_and_true() -> None:
    assert describe.parameters(raw()) == TABLE


def test_the_skeletons_are_the_official_examples_emptied() -> None:
    assert describe.skeletons(raw(), fixtures()) == SKELETONS


@pytest.mark.parametrize("kind", sorted(set(SKELETONS) - {"event"}))
def test_each_skeleton_is_a_valid_object(kind: str) -> None:
    assert faults_of_object(SKELETONS[kind]) == []


@pytest.mark.parametrize(
    "mutant",
    [{"amount": "100"}, {"livemode": None}, {"captured": 1}, {"currency": None}],
)
def test_the_judge_catches_a_wrong_object(mutant: dict) -> None:
    assert faults_of_object({**SKELETONS["charge"], **mutant}) != []


def test_the_judge_catches_a_missing_field() -> None:
    charge = json.loads(json.dumps(SKELETONS["charge"]))
    del charge["livemode"]
    assert faults_of_object(charge) != []
