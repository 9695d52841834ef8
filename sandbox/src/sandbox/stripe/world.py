"""What an operation may touch: the objects, the time, the money, the events and the agenda."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.clock import Clock
from sandbox.keeping import Keeper, Table
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


class Agenda:
    """What Stripe will do later by itself, in the moved time."""

    def __init__(self, clock: Clock, keeper: Keeper) -> None:
        self._clock = clock
        # By number: the moment, a function of a module, and the ids that it is about.
        self._planned = keeper.table("stripe agenda")
        self._due = [(entry[0], number) for number, entry in self._planned.items()]
        self._next = max(self._planned, default=0) + 1
        heapq.heapify(self._due)

    def at(self, moment: float, action: "Callable[..., object]", *about: str) -> None:
        """Do `action(world, *about)` once the moved time has reached the moment.

        It is kept by its name, so it stands in a module by itself.
        """
        if "<" in action.__qualname__:
            raise TypeError(f"{action.__qualname__} has no name to be kept by")
        self._planned[self._next] = (moment, action, about)
        heapq.heappush(self._due, (moment, self._next))
        self._next += 1

    def run_due(self, world: "World") -> None:
        """Do everything whose time has come."""
        while self._due and self._due[0][0] <= self._clock.time():
            _, number = heapq.heappop(self._due)
            _, action, about = self._planned.pop(number)
            action(world, *about)


@dataclass(frozen=True, slots=True)
class World:
    """One Stripe platform account and everything around it."""

    clock: Clock
    settings: Settings
    store: Store
    events: Events
    agenda: Agenda
    # Which connected account a balance transaction belongs to; the platform's have none.
    owners: Table[str, str]
    # Which test card a payment method stands for.
    cards: Table[str, str]
    # How much of a charge has been transferred on with it as the source.
    drawn: Table[str, int]
    # The Checkout Session that a payment intent was made by.
    sessions: Table[str, str]
    # The signing secret of each webhook endpoint, which its object shows only once.
    secrets: Table[str, str]
    # What a Checkout Session sells and how its intent shall be made.
    checkouts: Table[str, JsonObject]


def build_world(
    clock: Clock, settings: Settings, store: Store, events: Events, keeper: Keeper
) -> World:
    """The platform account with what was kept of it."""
    names = ("owners", "cards", "drawn", "sessions", "secrets", "checkouts")
    tables = {name: keeper.table(f"stripe {name}") for name in names}
    return World(clock, settings, store, events, Agenda(clock, keeper), **tables)
