"""The stand-in's own books on how the bot behaved."""

import time
from collections import Counter, deque
from dataclasses import dataclass, field

from sandbox.discord.errors import Json

WINDOW_S = 600.0
BAN_AT = 10_000


@dataclass(slots=True)
class Stats:
    """Counts of everything a well-behaved bot keeps low."""

    requests: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    invalid: deque[float] = field(default_factory=deque)
    invalid_total: int = 0
    limited: int = 0
    limited_globally: int = 0
    late_answers: int = 0
    double_answers: int = 0
    lost_interactions: int = 0
    acknowledged_ms: list[float] = field(default_factory=list)
    identifies: int = 0
    resumes: int = 0
    heartbeats: int = 0
    replayed_events: int = 0

    def count(self, route: str, status: int, *, counts_as_invalid: bool) -> None:
        """Note one REST answer."""
        self.requests[route] += 1
        self.statuses[status] += 1
        if counts_as_invalid:
            self.invalid_total += 1
            self.invalid.append(time.monotonic())

    def banned(self) -> bool:
        """Whether 10,000 invalid answers within 10 minutes blocked the address."""
        horizon = time.monotonic() - WINDOW_S
        while self.invalid and self.invalid[0] < horizon:
            self.invalid.popleft()
        return len(self.invalid) >= BAN_AT

    def report(self) -> Json:
        """All figures as JSON."""
        return {
            "requests": dict(self.requests),
            "statuses": {str(status): n for status, n in self.statuses.items()},
            "invalid_responses": self.invalid_total,
            "rate_limited": self.limited,
            "rate_limited_globally": self.limited_globally,
            "late_answers": self.late_answers,
            "double_answers": self.double_answers,
            "lost_interactions": self.lost_interactions,
            "acknowledged_ms": {
                "worst": max(self.acknowledged_ms, default=None),
                "all": self.acknowledged_ms,
            },
            "gateway": {
                "identifies": self.identifies,
                "resumes": self.resumes,
                "heartbeats": self.heartbeats,
                "replayed_events": self.replayed_events,
            },
        }
