"""Stripe's events: a snapshot of an object and why it is told, listed for ever."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass

from sandbox.stripe.store import JsonObject, Store


@dataclass(frozen=True, slots=True)
class Cause:
    """The API request an event comes from; empty where Stripe acted by itself."""

    request_id: str | None = None
    idempotency_key: str | None = None


class Events:
    """Makes events and hands each to the deliverer."""

    def __init__(
        self, store: Store, api_version: str, deliver: Callable[[JsonObject], None]
    ) -> None:
        self._store = store
        self._api_version = api_version
        self._deliver = deliver
        self.cause = Cause()

    def emit(
        self,
        kind: str,
        about: JsonObject,
        account: str | None = None,
        previous: JsonObject | None = None,
    ) -> JsonObject:
        """Tell the world what happened; `account` marks a connected account's event."""
        data: JsonObject = {"object": deepcopy(about)}
        if previous is not None:
            data["previous_attributes"] = previous
        cause = {"id": self.cause.request_id, "idempotency_key": self.cause.idempotency_key}
        event = self._store.new(
            "event", type=kind, api_version=self._api_version, data=data, request=cause
        )
        if account is not None:
            event["account"] = account
        self._deliver(event)
        return event
