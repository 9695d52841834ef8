"""All of Stripe's objects, each begun from the official example of its kind."""

import json
import secrets
import string
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from sandbox.clock import Clock
from sandbox.keeping import Keeper
from sandbox.stripe.errors import no_such

JsonObject = dict[str, Any]
PREFIXES = {
    "account": "acct",
    "account_link": "",
    "balance": "",
    "balance_transaction": "txn",
    "charge": "ch",
    "checkout.session": "cs_test",
    "customer": "cus",
    "dispute": "du",
    "event": "evt",
    "item": "li",
    "payment_intent": "pi",
    "payment_method": "pm",
    "refund": "re",
    "transfer": "tr",
    "transfer_reversal": "trr",
    "webhook_endpoint": "we",
}
KINDS = {prefix: kind for kind, prefix in PREFIXES.items() if prefix}
NOUNS = {"checkout.session": "checkout.session", "payment_method": "PaymentMethod"}
SKELETONS: dict[str, JsonObject] = json.loads(
    Path(__file__).with_name("skeletons.json").read_text(encoding="utf-8")
)
ALPHABET = string.ascii_letters + string.digits


def random_id(prefix: str, length: int = 24) -> str:
    """An id as Stripe makes them: a prefix and letters that say nothing."""
    return f"{prefix}_{''.join(secrets.choice(ALPHABET) for _ in range(length))}"


class Store:
    """Objects by kind and id, oldest first."""

    def __init__(self, clock: Clock, keeper: Keeper) -> None:
        self._clock, self._keeper = clock, keeper
        self._tables = {kind: keeper.table(f"stripe {kind}") for kind in PREFIXES}

    def new(self, kind: str, **fields: Any) -> JsonObject:
        """Make and keep an object: the official shape, a fresh id, the given fields."""
        made = self.shape(kind, **fields)
        made["id"] = random_id(PREFIXES[kind])
        self._tables[kind][made["id"]] = made
        self.changed(kind, made)
        return made

    def shape(self, kind: str, **fields: Any) -> JsonObject:
        """The official shape of the kind with the given fields, not kept."""
        made = deepcopy(SKELETONS[kind])
        if "created" in made:
            made["created"] = self._clock.timestamp()
        return {**made, **fields}

    def get(self, kind: str, id: str, param: str = "id", status: int = 404) -> JsonObject:
        """The object, or Stripe's error that there is none."""
        found = self._of(kind).get(id)
        if found is None:
            raise no_such(NOUNS.get(kind, kind), id, param, status)
        self._keeper.touch(f"stripe {kind}", id)
        return found

    def changed(self, kind: str, found: JsonObject) -> None:
        """Say that an object of a list is different now."""
        self._keeper.touch(f"stripe {kind}", found["id"])

    def _of(self, kind: str) -> Mapping[str, JsonObject]:
        return self._tables.get(kind) or {}

    def find(self, id: str) -> JsonObject | None:
        """Any object by its id, whatever its kind."""
        kind = KINDS.get(id.rpartition("_")[0])
        if kind is None or id not in self._of(kind):
            return None
        return self.get(kind, id)

    def all(self, kind: str) -> list[JsonObject]:
        """Every object of the kind, oldest first."""
        return list(self._of(kind).values())

    def where(self, kind: str, **fields: Any) -> list[JsonObject]:
        """The objects whose fields equal the given ones, oldest first."""
        return [
            found
            for found in self._of(kind).values()
            if all(found.get(name) == value for name, value in fields.items())
        ]
