"""People, and what they are told about their own account."""

from __future__ import annotations

from dataclasses import dataclass

from contracts_schema.events.escrow import PayoutAccountReady
from contracts_schema.events.identity import (
    AccountLinked,
    AccountUnlinked,
    ContestRole,
    LinkContested,
    LinkContestEnded,
    LinkCreated,
    TierChanged,
    UserRegistered,
    UserReinstated,
    UserSuspended,
)

from notifier.domain.notice import Notice, SecretLink, actor, person


@dataclass(frozen=True, slots=True)
class Person:
    """Whom to tell, where, and in which language."""

    user_id: str
    discord_id: str
    locale: str
    direct_messages: bool = True


def registered(event: UserRegistered) -> list[Notice]:
    """They joined; the next step is to link an account."""
    return [actor("registered", event.user_id)]


def link_created(event: LinkCreated) -> list[Notice]:
    """A link waits for them; its address is fetched by discord-gateway, as the reader."""
    button = SecretLink("open_link", "identity", f"/v1/links/{event.link_id}/url")
    return [
        actor("link_created", event.user_id, deadline=event.expires_at, buttons=(button,)),
    ]


def account_linked(event: AccountLinked) -> list[Notice]:
    """The account is theirs now."""
    return [person("account_linked", event.user_id, params={"provider": event.provider.title()})]


def account_unlinked(event: AccountUnlinked) -> list[Notice]:
    """The account is theirs no more."""
    return [person("account_unlinked", event.user_id, params={"provider": event.provider.title()})]


def link_contested(event: LinkContested) -> list[Notice]:
    """Another person proved the same account."""
    is_holder = event.role is ContestRole.HOLDER
    key = "link_contested.holder" if is_holder else "link_contested.claimant"
    params = {"provider": event.provider.title()}
    return [person(key, event.user_id, params=params, deadline=event.decided_at)]


def link_contest_ended(event: LinkContestEnded) -> list[Notice]:
    """It is decided whose the account is."""
    key = "link_contest_ended.yours" if event.has_account else "link_contest_ended.not_yours"
    return [person(key, event.user_id, params={"provider": event.provider.title()})]


def tier_changed(event: TierChanged) -> list[Notice]:
    """What they may do has changed."""
    return [person("tier_changed", event.user_id, params={"tier": event.tier.value})]


def suspended(event: UserSuspended) -> list[Notice]:
    """They may not act for now."""
    return [person("suspended", event.user_id)]


def reinstated(event: UserReinstated) -> list[Notice]:
    """They may act again."""
    return [person("reinstated", event.user_id)]


def payout_account_ready(event: PayoutAccountReady) -> list[Notice]:
    """The provider can pay them."""
    return [person("payout_account_ready", event.user_id)]
