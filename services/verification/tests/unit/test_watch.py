"""What looks at both sides of a deal prove."""

from datetime import timedelta

import pytest
from contracts_schema.events.verification import Ownership
from verification.domain.watch import Outcome, Trail, look_again_after, outcome


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
