"""Through what a person controls a game, and how its id is written."""

import pytest
from contracts_schema.events.verification import Ownership
from contracts_schema.goods import DEFAULT_KIND, asset_id_of
from verification.adapters.game_ownership import GroupRole, OwnerKind, ownership
from verification.domain.asset import Asset

OWN = Asset("1", "Tower", OwnerKind.USER, "7")
GROUPS = Asset("1", "Tower", OwnerKind.GROUP, "9")


def test_the_creator_is_the_owner_and_nobody_else_is():
    assert ownership(OWN, "7", None) is Ownership.OWNER
    assert ownership(OWN, "8", GroupRole(255, "Owner")) is None


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
    assert ownership(GROUPS, "7", role) is expected


@pytest.mark.parametrize(("written", "one"), [("777", "777"), ("0777", "777"), ("000", "0")])
def test_leading_zeros_make_no_other_game(written, one):
    assert asset_id_of(DEFAULT_KIND, written) == one
