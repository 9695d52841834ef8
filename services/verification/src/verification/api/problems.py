"""How each refusal is shown over REST."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import MappingProxyType

from chassis.problems import Problem, Rule, Rules

from verification.domain.errors import NoLinkedAccount, ProviderUnavailable

RETRY_AFTER_S = 5
"""For a provider that is away without saying for how long."""

RULES: Rules = MappingProxyType(
    {
        NoLinkedAccount: Rule(409, "no_linked_account", "Use /link to link your Roblox account."),
    }
)


@contextmanager
def outage_shown() -> Iterator[None]:
    """Say of a provider that is away that the answer is unknown, and when to ask again."""
    try:
        yield
    except ProviderUnavailable as error:
        wait = error.retry_after_s or RETRY_AFTER_S
        raise Problem(
            503,
            f"{error.provider}_unavailable",
            str(error),
            retryable=True,
            next_action=f"Nothing was decided: try again in {wait} seconds.",
            headers={"Retry-After": str(wait)},
        ) from error
