"""How many requests a person and a login may make a minute, whatever they ask and from where.

The headers are those of draft-ietf-httpapi-ratelimit-headers-10: each policy by its name, with its
quota and window, and what is left of it.
"""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

from throttled import RateLimiterType, Throttled, rate_limiter, store

from chassis.problems import Problem
from chassis.settings import ServiceSettings

WINDOW_S = 60
MOST_KNOWN = 10_000
"""So many persons, and as many logins, are remembered; who asked longest ago is forgotten first."""

QUOTA_HEADERS = "quota_headers"
"""Where a request keeps what its answer tells of the quotas."""

Header = tuple[bytes, bytes]


class Standing(NamedTuple):
    """What is left to somebody after a request, or that nothing was."""

    limited: bool
    left: int
    wait_s: int
    """Until all of it is there again; for who is refused, until the next request is taken."""


class Quota:
    """One policy: so many a minute for each key, at once or spread."""

    def __init__(self, policy: str, per_minute: int, most_known: int = MOST_KNOWN) -> None:
        """Nobody has asked for anything."""
        self.policy, self.per_minute = policy, per_minute
        throttled = Throttled(
            using=RateLimiterType.GCRA.value,
            quota=rate_limiter.per_min(per_minute, burst=per_minute),
            store=store.MemoryStore(options={"MAX_SIZE": most_known}),
        )
        self._limiter = throttled.limiter  # without the hooks and the waiting around it

    def take(self, key: str) -> Standing:
        """Count one request of this key."""
        result = self._limiter.limit(key)
        state = result.state
        wait_s = state.retry_after if result.limited else state.reset_after
        return Standing(result.limited, state.remaining, ceil(wait_s))


class Quotas:
    """The quotas of this process: of each person, and of each of their logins and keys."""

    def __init__(self, per_person: int, per_login: int) -> None:
        """So many requests a minute."""
        self._person, self._login = Quota("person", per_person), Quota("login", per_login)
        both = (self._person, self._login)
        listed = ", ".join(f'"{it.policy}";q={it.per_minute};w={WINDOW_S}' for it in both)
        self._policies = listed.encode()

    def take(self, user_id: str, login: str) -> list[Header]:
        """Count a request of this person by this login; the headers that tell what is left.

        Raises a 429 problem if either has none left. What a login has too many of is not counted as
        the person's, so that no login takes all from the others.
        """
        of_login = self._login.take(f"{user_id} {login}")
        told = f'"login";r={of_login.left};t={of_login.wait_s}'
        if of_login.limited:
            raise _refused(self._login, of_login, self._headers(told))
        of_person = self._person.take(user_id)
        headers = self._headers(f'"person";r={of_person.left};t={of_person.wait_s}, {told}')
        if of_person.limited:
            raise _refused(self._person, of_person, headers)
        return headers

    def _headers(self, left: str) -> list[Header]:
        return [(b"ratelimit-policy", self._policies), (b"ratelimit", left.encode())]

    def take_command(self, user_id: str) -> None:
        """Count a command that came by Discord: it is one of the person's requests."""
        standing = self._person.take(user_id)
        if standing.limited:
            raise _refused(self._person, standing, [])


def of(settings: ServiceSettings) -> Quotas:
    """The quotas that the settings ask for."""
    return Quotas(settings.requests_per_minute, settings.requests_per_minute_of_a_login)


def _refused(quota: Quota, standing: Standing, headers: list[Header]) -> Problem:
    wait_s = max(1, standing.wait_s)
    told = {name.decode(): value.decode() for name, value in headers}
    return Problem(
        429,
        "too_many_requests",
        retryable=True,
        headers={"Retry-After": str(wait_s), **told},
        most=quota.per_minute,
        wait_s=wait_s,
    )
