"""Messages in: each is claimed, applied and committed in one transaction, and only then acked.

A handler says by its annotations what it takes. Events: ``(transaction, event)``, and by the
name ``sequence`` the version that an event is of, where events may overtake each other. Commands:
``(transaction, caller, command)``, where the caller is a Principal, looked up in this service's own
copy, or the DiscordActor just as the message names them. Work that must reach the outside world
goes into ``prepare``, an async context manager that stays open until the transaction has ended.

What fails for now waits (1 s, 5 s, 30 s, 2 min, 10 min) and is parked after that with the error's
text; what can never succeed is parked at once. A refused command is answered, not parked.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any

from contracts_schema.message import DiscordActor, Message

from chassis.messaging.received import CANARY, Away, Poison, Received, TooEarly
from chassis.principals import Principal
from chassis.storage.transaction import RowLock

BULK_PREFETCH = 100
"""While one batch is applied, the next is here already."""

__all__ = ["CANARY", "Away", "Consumers", "Poison", "Received", "Route", "TooEarly"]

Handler = Callable[..., Awaitable[Any]]
Prepare = Callable[..., AbstractAsyncContextManager[Any]]
Lock = Callable[[Any], RowLock]
"""Which row a message is about: it is locked in one round trip with BEGIN."""


@dataclass(frozen=True, slots=True)
class Route:
    """What to do with messages of one topic on one queue."""

    model: type[Message]
    handler: Handler
    caller: type[Principal] | type[DiscordActor] | None = None
    """Whom a command's handler wants to know; None for an event."""
    prepare: Prepare | None = None
    takes_prepared: bool = False
    prepares_once: bool = True
    """Whether ``prepare`` is spared a message that was handled before."""
    lock: Lock | None = None
    takes_sequence: bool = False
    """Whether an event's handler asks for the version of what the event is about."""


class Consumers:
    """The queues of one service and what it does with each message on them."""

    def __init__(self, service: str) -> None:
        """Consumers of this service; its name begins each of its queues' names."""
        self.service = service
        self.routes: dict[str, dict[str, Route]] = {}
        self.prefetch: dict[str, int] = {}
        self.patterns: dict[str, tuple[str, ...]] = {}
        self.bulk: set[str] = set()

    def bindings(self, queue: str) -> tuple[str, ...]:
        """The routing keys that the queue is bound by: its handlers' topics, or wider patterns."""
        return self.patterns.get(queue) or tuple(sorted(self.routes[queue]))

    def takes_commands(self, queue: str) -> bool:
        """Whether the queue takes commands; a queue takes these or events, never both."""
        return any(it.caller is not None for it in self.routes[queue].values())

    def hears(self, queue: str, *patterns: str) -> None:
        """Bind the queue by these patterns, also for what it has no handler for yet."""
        self.patterns[queue] = patterns

    def in_bulk(self, *queues: str) -> None:
        """Apply what has come on such a queue in one transaction, in the order it came.

        After any error each message is applied by itself. For handlers that hold no row which
        another message's handler waits for.
        """
        for queue in queues:
            self.bulk.add(queue)
            self.prefetch[queue] = max(BULK_PREFETCH, self.prefetch.get(queue, 0))
            self._check(queue)

    def events(
        self,
        queue: str,
        *handlers: Handler,
        of: Iterable[type[Message]] = (),
        prefetch: int = 0,
        lock: Lock | None = None,
    ) -> None:
        """Apply events from this queue by these handlers; what each takes, its annotation says.

        A handler that goes by a table of events takes those in ``of`` instead. A
        ``functools.partial`` is a handler too: what it binds by name is not asked for.
        ``lock`` says which row an event is about.
        """
        models = tuple(of)
        for handler in handlers:
            asked = _asked(handler)
            for model in models or _models(asked[1]):
                ordered = "sequence" in inspect.signature(handler).parameters
                route = Route(model, handler, lock=lock, takes_sequence=ordered)
                self._register(queue, route)
        self.prefetch[queue] = max(prefetch, self.prefetch.get(queue, 0))

    def commands(
        self,
        queue: str,
        *handlers: Handler,
        prepare: Prepare | None = None,
        prepares_once: bool = True,
        prefetch: int = 0,
        lock: Lock | None = None,
    ) -> None:
        """Fulfil commands from this queue by these handlers.

        ``prepare(database, caller, command)`` is an async context manager, entered before the
        transaction begins and left after its end; what it gives is the handler's fourth argument,
        where the handler has one. One that sees by itself what was done before need not be spared
        a repeated message: ``prepares_once=False`` saves the look. ``lock`` says which row a
        command is about.
        """
        for handler in handlers:
            asked = _asked(handler)
            for model in _models(asked[2]):
                route = Route(
                    model, handler, asked[1], prepare, len(asked) > 3, prepares_once, lock
                )
                self._register(queue, route)
        self.prefetch[queue] = max(prefetch, self.prefetch.get(queue, 0))

    def _register(self, queue: str, route: Route) -> None:
        if not queue.startswith(self.service + "."):
            raise ValueError(f"{queue} is not a queue of {self.service}")
        known = self.routes.setdefault(queue, {})
        if route.model.topic in known:
            raise ValueError(f"{queue} handles {route.model.topic} twice")
        known[route.model.topic] = route
        self._check(queue)

    def _check(self, queue: str) -> None:
        if queue in self.bulk and any(it.lock for it in self.routes.get(queue, {}).values()):
            raise ValueError(f"{queue} is applied in bulk, and what locks a row is not")


def _models(annotation: Any) -> tuple[type[Message], ...]:
    """The message classes that an annotation names: one, or each of a union."""
    return typing.get_args(annotation) or (annotation,)


def _asked(handler: Handler) -> list[Any]:
    """What the handler's positional parameters are annotated with, in their order."""
    function = handler.func if isinstance(handler, partial) else handler
    hints = typing.get_type_hints(function)
    names = inspect.signature(handler).parameters.values()
    return [hints[each.name] for each in names if each.kind is not each.KEYWORD_ONLY]
