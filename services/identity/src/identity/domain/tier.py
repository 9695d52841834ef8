"""The tiers a person moves through: one table, and the only way from one to the next."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from contracts_schema.events.identity import Tier

from identity.domain.errors import TierMoveRefused


class TierAction(StrEnum):
    """What moves a tier."""

    LINK = "link"
    UNLINK = "unlink"
    GRANT = "grant"
    REVOKE = "revoke"
    DEMOTE = "demote"
    RESTORE = "restore"


TRANSITIONS: Mapping[tuple[Tier, TierAction], Tier] = MappingProxyType(
    {
        (Tier.TIER_0, TierAction.LINK): Tier.TIER_1,
        (Tier.TIER_1, TierAction.UNLINK): Tier.TIER_0,
        (Tier.TIER_2, TierAction.UNLINK): Tier.TIER_0,
        (Tier.TIER_1, TierAction.GRANT): Tier.TIER_2,
        (Tier.TIER_2, TierAction.REVOKE): Tier.TIER_1,
        (Tier.TIER_1, TierAction.DEMOTE): Tier.TIER_0,
        (Tier.TIER_2, TierAction.DEMOTE): Tier.TIER_0,
        (Tier.TIER_0, TierAction.RESTORE): Tier.TIER_1,
    }
)
"""From a tier, by an action, to a tier; links move it, an administrator does the rest."""
_BY_LINKS = (TierAction.LINK, TierAction.UNLINK)


def after_linking(tier: Tier) -> Tier:
    """The tier once a Roblox account is linked; whoever is higher stays there."""
    return TRANSITIONS.get((tier, TierAction.LINK), tier)


def after_unlinking(tier: Tier) -> Tier:
    """The tier once no Roblox account is linked."""
    return TRANSITIONS.get((tier, TierAction.UNLINK), tier)


def decided(current: Tier, wanted: Tier, *, has_roblox: bool) -> TierAction:
    """The action by which an administrator brings the tier there; refused if there is none."""
    for (start, action), end in TRANSITIONS.items():
        if (start, end) == (current, wanted) and action not in _BY_LINKS:
            if end > start and not has_roblox:
                raise TierMoveRefused(current=current, wanted=wanted, why="no_roblox_account")
            return action
    raise TierMoveRefused(current=current, wanted=wanted, why="no_such_step")
