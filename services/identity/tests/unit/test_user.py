"""The rules of tiers and of what an administrator may change."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from contracts_schema.events.identity import PlatformRole, Tier
from contracts_schema.ids import derive_id
from identity.domain.api_key import Scope, granted, key_end, scopes_of
from identity.domain.errors import ExpiryRefused, OwnAccount, ScopeRefused, TierMoveRefused
from identity.domain.tier import TRANSITIONS, TierAction, after_linking, decided
from identity.domain.user import Change, User, change

NOW = datetime(2026, 11, 1, tzinfo=UTC)
STEPS = {
    (start, end) for (start, action), end in TRANSITIONS.items() if action is not TierAction.LINK
}


def a_user(**changes: object) -> User:
    """Ann, who joined and did nothing else."""
    user = User(derive_id("usr", "1"), "1", NOW)
    return replace(user, **changes)


@pytest.mark.parametrize(("start", "end"), sorted(set(product(Tier, Tier)) - STEPS))
def test_a_step_that_the_table_omits_is_refused(start: Tier, end: Tier):
    with pytest.raises(TierMoveRefused, match=f"from {start} to {end}"):
        decided(start, end, has_roblox=True)


@pytest.mark.parametrize(("start", "end"), sorted(STEPS))
def test_a_step_up_needs_a_linked_account_and_a_step_down_none(start: Tier, end: Tier):
    assert TRANSITIONS[start, decided(start, end, has_roblox=True)] is end
    if end > start:
        with pytest.raises(TierMoveRefused, match="no Roblox account"):
            decided(start, end, has_roblox=False)
    else:
        assert decided(start, end, has_roblox=False)


@pytest.mark.parametrize("tier", list(Tier))
def test_linking_never_lowers_a_tier(tier: Tier):
    assert after_linking(tier) == max(tier, Tier.TIER_1)


def test_a_change_moves_the_version_once_and_only_if_something_changed():
    user = a_user(tier=Tier.TIER_1)
    asked = Change("why", Tier.TIER_2, PlatformRole.ARBITRATOR, suspended=True)

    changed = change(user, asked, "usr_other", has_roblox=True)

    assert changed.after == replace(
        user, tier=Tier.TIER_2, role=PlatformRole.ARBITRATOR, suspended=True, version=2
    )
    again = change(changed.after, asked, "usr_other", has_roblox=True)
    assert again.after == changed.after
    assert again.tier_action is None


def test_nobody_changes_themselves():
    with pytest.raises(OwnAccount):
        change(a_user(), Change("why", suspended=False), a_user().user_id, has_roblox=True)


@pytest.mark.parametrize("role", [PlatformRole.USER, PlatformRole.ARBITRATOR])
def test_only_administrators_have_and_give_the_admin_scope(role: PlatformRole):
    assert Scope.ADMIN not in scopes_of(role)
    with pytest.raises(ScopeRefused):
        granted([Scope.READ, Scope.ADMIN], role)
    assert granted([Scope.ADMIN], PlatformRole.ADMIN) == (Scope.ADMIN,)


def test_scopes_are_given_once_and_in_order():
    assert granted([Scope.WRITE, Scope.READ, Scope.WRITE], PlatformRole.USER) == (
        Scope.READ,
        Scope.WRITE,
    )


def test_a_key_ends_in_90_days_unless_asked_otherwise_within_a_year():
    assert key_end(None, NOW) == NOW + timedelta(days=90)
    assert key_end(NOW + timedelta(days=365), NOW) == NOW + timedelta(days=365)
    for wrong in (NOW, NOW + timedelta(days=365, seconds=1)):
        with pytest.raises(ExpiryRefused):
            key_end(wrong, NOW)
