"""Stripe's lists (newest first, by cursor) and `expand`."""

from collections.abc import Callable, Iterable
from copy import deepcopy

from sandbox.stripe.errors import StripeError, invalid
from sandbox.stripe.store import JsonObject, Store
from sandbox.stripe.world import Call

RANGE = {
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
}


def page(found: Iterable[JsonObject], call: Call, url: str, *equal: str) -> JsonObject:
    """One page of what was found (given oldest first), filtered by the named parameters."""
    items = [item for item in found if _matches(item, call, equal)][::-1]
    limit = call.get("limit", 10)
    if not 1 <= limit <= 100:
        raise invalid("Invalid limit: must be between 1 and 100", "limit")
    if "starting_after" in call.params and "ending_before" in call.params:
        raise invalid(
            "Received both starting_after and ending_before parameters. Please pass in only one.",
            "starting_after",
        )
    if after := call.get("starting_after"):
        items = items[_position(items, after, "starting_after") + 1 :]
    if before := call.get("ending_before"):
        items = items[: _position(items, before, "ending_before")]
        return as_list(items[-limit:], url, has_more=len(items) > limit)
    return as_list(items[:limit], url, has_more=len(items) > limit)


def as_list(items: list[JsonObject], url: str, has_more: bool = False) -> JsonObject:
    """Stripe's list object."""
    return {"object": "list", "data": items, "has_more": has_more, "url": url}


def _matches(item: JsonObject, call: Call, equal: tuple[str, ...]) -> bool:
    if any(name in call.params and item.get(name) != call.params[name] for name in equal):
        return False
    created = call.get("created")
    if isinstance(created, dict):
        return all(RANGE[name](item["created"], bound) for name, bound in created.items())
    return created is None or bool(item["created"] == created)


def _position(items: list[JsonObject], id: str, param: str) -> int:
    for position, item in enumerate(items):
        if item["id"] == id:
            return position
    raise StripeError(f"No such object: '{id}'", param=param, code="resource_missing", status=400)


Included = dict[tuple[str, str], Callable[[JsonObject], JsonObject]]


def expand(store: Store, answer: JsonObject, paths: list[str], included: Included) -> JsonObject:
    """A copy of the answer with the ids at the given paths replaced by their objects."""
    if len(paths) > 20 or any(path.count(".") > 4 for path in paths):
        raise invalid("You cannot expand more than 20 properties, each at most 4 deep.", "expand")
    copy = deepcopy(answer)
    for path in paths:
        _expand(store, copy, path.split("."), path, included)
    return copy


def _expand(
    store: Store, parent: JsonObject, names: list[str], path: str, included: Included
) -> None:
    name, *rest = names
    if parent.get("object") == "list" and name == "data":
        for item in parent["data"]:
            _expand(store, item, rest, path, included)
        return
    parent[name] = _expanded(store, parent, name, path, included)
    if rest and parent[name] is not None:
        _expand(store, parent[name], rest, path, included)


def _expanded(
    store: Store, parent: JsonObject, name: str, path: str, included: Included
) -> JsonObject | None:
    if include := included.get((str(parent.get("object")), name)):
        return deepcopy(include(parent))
    value = parent.get(name, "")
    found = store.find(value) if isinstance(value, str) else value
    if (found is None and value is not None) or not isinstance(found, dict | None):
        raise invalid(f"This property cannot be expanded ({path}).", "expand")
    return deepcopy(found)
