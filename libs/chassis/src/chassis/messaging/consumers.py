"""Messages in: each is claimed, applied and committed in one transaction, and only then acked.

A handler says by its annotations what it takes. Events: ``(transaction, event)``. Commands:
``(transaction, caller, command)``, where the caller is a Principal, looked up in this service's own
copy, or the DiscordActor just as the message names them. Work that must reach the outside world
goes into ``prepare``, an async context manager that stays open until the transaction has ended.

What fails for now waits (1 s, 5 s, 30 s, 2 min, 10 min) and is parked after that with the error's
text; what can never succeed is parked at once. A refused command is answered, not parked.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from contracts_schema.message import DiscordActor, Message

from chassis.messaging.received import CANARY, Away, Poison, Received, TooEarly
from chassis.principals import Principal

__all__ = ["CANARY", "Away", "Consumers", "Poison", "Received", "Route", "TooEarly"]

Handler = Callable[..., Awaitable[Any]]
Prepare = Callable[..., AbstractAsyncContextManager[Any]]
H = TypeVar("H", bound=Handler)


@dataclass(frozen=True, slots=True)
class Route:
    """What to do with messages of one topic on one queue."""

    model: type[Message]
    handler: Handler
    caller: type[Principal] | type[DiscordActor] | None = None
    """Whom a command's handler wants to know; None for an event."""
    prepare: Prepare | None = None
    takes_prepared: bool = False


class Consumers:
    """The queues of one service and what it does with each message on them."""

    def __init__(self, service: str) -> None:
        """Consumers of this service; its name begins each of its queues' names."""
        self.service = service
        self.routes: dict[str, dict[str, Route]] = {}
        self.prefetch: dict[str, int] = {}

    def event(self, queue: str, *, prefetch: int = 0) -> Callable[[H], H]:
        """Decorate a handler of events."""

        def register(handler: H) -> H:
            self.events(queue, handler, prefetch=prefetch)
            return handler

        return register

    def command(
        self, queue: str, *, prepare: Prepare | None = None, prefetch: int = 0
    ) -> Callable[[H], H]:
        """Decorate a handler of commands."""

        def register(handler: H) -> H:
            self.commands(queue, handler, prepare=prepare, prefetch=prefetch)
            return handler

        return register

    def events(self, queue: str, *handlers: Handler, prefetch: int = 0) -> None:
        """Apply events from this queue by these handlers; what each takes, its annotation says.

        A ``functools.partial`` is a handler too: what it binds by name is not asked for.
        """
        for handler in handlers:
            self._register(queue, handler, 1, None, prefetch)

    def commands(
        self, queue: str, *handlers: Handler, prepare: Prepare | None = None, prefetch: int = 0
    ) -> None:
        """Fulfil commands from this queue by these handlers.

        ``prepare(database, caller, command)`` is an async context manager, entered before the
        transaction begins and left after its end; what it gives is the handler's fourth argument,
        where the handler has one.
        """
        for handler in handlers:
            self._register(queue, handler, 2, prepare, prefetch)

    def _register(
        self, queue: str, handler: Handler, position: int, prepare: Prepare | None, prefetch: int
    ) -> None:
        if not queue.startswith(self.service + "."):
            raise ValueError(f"{queue} is not a queue of {self.service}")
        asked = _asked(handler)
        caller = asked[1] if position == 2 else None
        for model in typing.get_args(asked[position]) or (asked[position],):
            known = self.routes.setdefault(queue, {})
            if model.topic in known:
                raise ValueError(f"{queue} handles {model.topic} twice")
            known[model.topic] = Route(model, handler, caller, prepare, len(asked) > 3)
        self.prefetch[queue] = max(prefetch, self.prefetch.get(queue, 0))


def _asked(handler: Handler) -> list[Any]:
    """What the handler's positional parameters are annotated with, in their order."""
    function = handler.func if isinstance(handler, partial) else handler
    hints = typing.get_type_hints(function)
    names = inspect.signature(handler).parameters.values()
    return [hints[each.name] for each in names if each.kind is not each.KEYWORD_ONLY]
