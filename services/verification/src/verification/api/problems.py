"""Which status and code each refusal has over REST; words are in the catalogue of refusals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import MappingProxyType

from chassis.problems import Problem, Rule, Rules

from verification.domain.errors import NoLinkedAccount, ProviderUnavailable

RULES: Rules = MappingProxyType({NoLinkedAccount: Rule(409, "no_linked_account")})


@contextmanager
def outage_shown() -> Iterator[None]:
    """Say of a provider that is away that the answer is unknown, and when to ask again."""
    try:
        yield
    except ProviderUnavailable as error:
        raise Problem(
            503,
            f"{error.provider}_unavailable",
            wording=error.wording,
            retryable=True,
            headers={"Retry-After": error.params["wait"]},
            **error.params,
        ) from error
