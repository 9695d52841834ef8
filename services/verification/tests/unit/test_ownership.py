"""What ownership means."""

from datetime import timedelta

import pytest
from contracts_schema.events.verification import Ownership
from verification.domain.ownership import (
    Asset,
    CreatorKind,
    GroupRole,
    Outcome,
    Trail,
    look_again_after,
    outcome,
    ownership,
)

OWN = Asset("1", "Tower", CreatorKind.USER, 7)
GROUPS = Asset("1", "Tower", CreatorKind.GROUP, 9)


def test_the_creator_is_the_owner_and_nobody_else_is():
    assert ownership(OWN, 7, None) is Ownership.OWNER
    assert ownership(OWN, 8, GroupRole(255, "Owner")) is None


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        (None, None),
        (GroupRole(255, "Boss"), Ownership.OWNER),
        (GroupRole(254, "Second"), Ownership.ADMIN),
        (GroupRole(200, "Any"), Ownership.ADMIN),
        (GroupRole(150, "Admin"), Ownership.ADMIN),
        (GroupRole(100, "Lead Developer"), Ownership.DEVELOPER),
        (GroupRole(199, "Member"), None),
        (GroupRole(1, "Fan"), None),
    ],
)
def test_a_group_owned_game_counts_through_the_group_s_roles(role, expected):
    assert ownership(GROUPS, 7, role) is expected


@pytest.mark.parametrize(
    ("seller", "buyer", "expected"),
    [
        (Ownership.OWNER, None, Outcome.NOT_YET),
        (Ownership.OWNER, Ownership.OWNER, Outcome.NOT_YET),
        (None, Ownership.OWNER, Outcome.TRANSFERRED),
        (None, None, Outcome.STRANGER),
    ],
)
def test_a_transfer_is_proven_only_when_it_left_the_seller_and_the_buyer_has_it(
    seller, buyer, expected
):
    assert outcome(seller, buyer) is expected


def test_looks_grow_more_patient():
    waits = [look_again_after(looks) for looks in range(20)]

    assert waits == sorted(waits)
    assert waits[-1] == 300


@pytest.mark.parametrize(
    ("trail", "vanished", "lost"),
    [
        (Trail(), False, False),
        (Trail(strangers=1), False, False),
        (Trail(strangers=2), False, True),
        (Trail(unseen=1, unseen_for=timedelta(days=1)), False, False),
        (Trail(unseen=2, unseen_for=timedelta(days=1)), False, False),
        (Trail(unseen=99, unseen_for=timedelta(minutes=9, seconds=59)), False, False),
        (Trail(unseen=3, unseen_for=timedelta(minutes=10)), True, True),
        (Trail(strangers=1, unseen=2, unseen_for=timedelta(hours=1)), False, False),
        (Trail(strangers=2, unseen=1), False, True),
    ],
)
def test_a_stranger_is_believed_at_the_second_look_and_nothing_only_when_it_persists(
    trail, vanished, lost
):
    assert (trail.vanished, trail.lost) == (vanished, lost)
