"""Discord's limits on requests: one bucket per route and place, and one for everything."""

import hashlib
import time
from dataclasses import dataclass

ROUNDING = 3


@dataclass(frozen=True, slots=True)
class Limit:
    """How many requests a bucket takes within a period."""

    name: str
    requests: int
    period_s: float


DEFAULT = Limit("default", 50, 1.0)
MESSAGES = Limit("messages", 5, 5.0)
EDITS = Limit("edits", 5, 5.0)
DELETES = Limit("deletes", 5, 1.0)
REACTIONS = Limit("reactions", 1, 0.25)
WEBHOOK = Limit("webhook", 5, 2.0)
DIRECT = Limit("direct", 10, 10.0)
COMMANDS = Limit("commands", 20, 20.0)
THREADS = Limit("threads", 10, 10.0)
GLOBAL_PERIOD_S = 1.0


@dataclass(slots=True)
class Window:
    """One period of a bucket."""

    ends: float
    left: int

    def take(self, limit: Limit, now: float) -> float:
        """Use one request; returns the seconds to wait where none is left."""
        if now >= self.ends:
            self.ends, self.left = now + limit.period_s, limit.requests
        if self.left == 0:
            return self.ends - now
        self.left -= 1
        return 0.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request may pass, and what its answer says about the limits."""

    wait_s: float
    is_global: bool
    headers: dict[str, str]


class RateLimits:
    """Counts requests against their buckets; a limit of 0 per second switches all off."""

    def __init__(self, global_per_s: int) -> None:
        self._global = Limit("global", global_per_s, GLOBAL_PERIOD_S)
        self._everything = Window(0.0, 0)
        self._windows: dict[tuple[str, str], Window] = {}

    def pass_through(self, limit: Limit, major: str, *, exempt: bool = False) -> Verdict:
        """Count one request; interaction routes are exempt from the global limit."""
        if self._global.requests == 0:
            return Verdict(0.0, False, {})
        now = time.monotonic()
        window = self._windows.setdefault((limit.name, major), Window(0.0, 0))
        wait_s = 0.0 if exempt else self._everything.take(self._global, now)
        if wait_s:
            return Verdict(wait_s, True, _refusal(wait_s, "global"))
        wait_s = window.take(limit, now)
        headers = _headers(limit, window, now)
        if wait_s:
            headers |= _refusal(wait_s, "user")
        self._forget(now)
        return Verdict(wait_s, False, headers)

    def _forget(self, now: float) -> None:
        if len(self._windows) > 5_000:
            self._windows = {k: w for k, w in self._windows.items() if w.ends > now}


def _headers(limit: Limit, window: Window, now: float) -> dict[str, str]:
    left_s = max(window.ends - now, 0.0)
    return {
        "X-RateLimit-Limit": str(limit.requests),
        "X-RateLimit-Remaining": str(window.left),
        "X-RateLimit-Reset": f"{time.time() + left_s:.3f}",
        "X-RateLimit-Reset-After": f"{left_s:.3f}",
        "X-RateLimit-Bucket": hashlib.sha256(limit.name.encode()).hexdigest()[:32],
    }


def _refusal(wait_s: float, scope: str) -> dict[str, str]:
    # discord.py takes a 429 without Via for a ban by Cloudflare and raises.
    headers = {"Retry-After": f"{wait_s:.3f}", "X-RateLimit-Scope": scope, "Via": "1.1 google"}
    return {**headers, "X-RateLimit-Global": "true"} if scope == "global" else headers


def retry_after(wait_s: float) -> float:
    """The wait as the body of a 429 states it, rounded up so that the retry passes."""
    return round(wait_s + 0.001, ROUNDING)
