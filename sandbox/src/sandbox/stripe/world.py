"""What an operation may touch: the objects, the time, the money, the events and the agenda."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from sandbox.clock import Clock
from sandbox.stripe.events import Events
from sandbox.stripe.settings import Settings
from sandbox.stripe.store import JsonObject, Store


@dataclass(frozen=True, slots=True)
class Call:
    """One checked API call."""

    endpoint: str
    path: dict[str, str]
    params: JsonObject
    account: str | None = None

    def get(self, name: str, default: Any = None) -> Any:
        """A parameter, or the default where it was not sent."""
        return self.params.get(name, default)

    def given(self, *names: str) -> JsonObject:
        """Those of the named parameters that were sent; an empty value means unset."""
        sent = {name: self.params[name] for name in names if name in self.params}
        return {name: None if value == "" else value for name, value in sent.items()}


@dataclass(slots=True)
class Agenda:
    """What Stripe will do later by itself, in the moved time."""

    clock: Clock
    _due: list[tuple[float, int, Callable[[], object]]] = field(default_factory=list)
    _order: "count[int]" = field(default_factory=count)

    def at(self, moment: float, action: Callable[[], object]) -> None:
        """Do the action once the moved time has reached the moment."""
        heapq.heappush(self._due, (moment, next(self._order), action))

    def run_due(self) -> None:
        """Do everything whose time has come."""
        while self._due and self._due[0][0] <= self.clock.time():
            heapq.heappop(self._due)[2]()


@dataclass(frozen=True, slots=True)
class World:
    """One Stripe platform account and everything around it."""

    clock: Clock
    settings: Settings
    store: Store
    events: Events
    agenda: Agenda
    # Which connected account a balance transaction belongs to; the platform's have none.
    owners: dict[str, str] = field(default_factory=dict)
    # Which test card a payment method stands for.
    cards: dict[str, str] = field(default_factory=dict)
    # How much of a charge has been transferred on with it as the source.
    drawn: dict[str, int] = field(default_factory=dict)
    # The Checkout Session that a payment intent was made by.
    sessions: dict[str, str] = field(default_factory=dict)
    # What a Checkout Session sells and how its intent shall be made.
    checkouts: dict[str, JsonObject] = field(default_factory=dict)
