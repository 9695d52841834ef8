"""Breaking edits are found, whatever their form; what only adds is not in the way."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from contracts_schema.compatibility import breaks, breaks_of
from contracts_schema_builders import an_event_schema

Edit = Callable[[dict[str, Any]], Any]


def edited(edit: Edit, **changes: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    old = an_event_schema(**changes)
    new = copy.deepcopy(old)
    edit(new)
    return old, new


def fields(schema: dict[str, Any]) -> dict[str, Any]:
    return schema["properties"]


def money(schema: dict[str, Any]) -> dict[str, Any]:
    return schema["$defs"]["Money"]


BREAKING: dict[str, Edit] = {
    "a field is gone": lambda it: fields(it).pop("reason"),
    "a required field is gone": lambda it: (
        fields(it).pop("rail"),
        it["required"].remove("rail"),
    ),
    "a type changed": lambda it: fields(it).update(escrow_id={"type": "integer"}),
    "a field is text instead of an object": lambda it: fields(it).update(held={"type": "string"}),
    "a new field is required": lambda it: (
        fields(it).update(fee={"type": "integer"}),
        it["required"].append("fee"),
    ),
    "an optional field is required": lambda it: it["required"].append("reason"),
    "a required field is optional": lambda it: it["required"].remove("rail"),
    "a choice is gone": lambda it: it["$defs"]["Rail"]["enum"].pop(),
    "a choice that old readers do not know": lambda it: it["$defs"]["Rail"]["enum"].append("CASH"),
    "any text became a choice": lambda it: fields(it)["reason"].update(enum=["late"]),
    "a choice became any text": lambda it: it["$defs"]["Rail"].pop("enum"),
    "the topic changed": lambda it: it.update({"$id": "/schemas/escrow.funds_kept.v1.json"}),
    "the version changed in place": lambda it: it.update(
        {"$id": "/schemas/escrow.funds_held.v2.json"}
    ),
    "the subject changed": lambda it: it.update({"x-subject": "deal_id"}),
    "an event became a command": lambda it: it.update({"x-kind": "command"}),
    "null is no longer allowed": lambda it: fields(it).update(
        guild_id={"type": "string", "default": ""}
    ),
    "null is allowed now": lambda it: fields(it).update(
        held_at={"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}
    ),
    "the pattern of an id changed": lambda it: fields(it)["escrow_id"].update(pattern="^ec_"),
    "a format is gone": lambda it: fields(it)["held_at"].pop("format"),
    "a limit is lower": lambda it: fields(it)["reason"].update(maxLength=50),
    "a limit is higher": lambda it: fields(it)["reason"].update(maxLength=200),
    "a limit inside a part is lower": lambda it: money(it)["properties"]["minor"].update(
        maximum=999
    ),
    "a field inside a part is gone": lambda it: money(it)["properties"].pop("minor"),
    "a part that is closed has a new field": lambda it: money(it)["properties"].update(
        currency={"type": "string", "default": "USD"}
    ),
    "the items of a list changed": lambda it: fields(it)["parts"].update(items={"type": "string"}),
    "leaving it out means something else": lambda it: fields(it)["reason"].update(default="none"),
    "other fields are refused": lambda it: it.update(additionalProperties=False),
    "a closed part is open": lambda it: money(it).pop("additionalProperties"),
}


@pytest.mark.parametrize("edit", BREAKING.values(), ids=BREAKING.keys())
def test_a_breaking_edit_of_an_event_is_found(edit):
    old, new = edited(edit)

    assert breaks_of(old, new)


ADDITIVE: dict[str, Edit] = {
    "nothing": lambda it: None,
    "a new field with a default": lambda it: fields(it).update(
        fee={"type": "integer", "default": 0}
    ),
    "another description": lambda it: it.update(description="The money is here."),
    "another title of a field": lambda it: fields(it)["reason"].update(title="Why"),
    "a part has another name": lambda it: (
        it["$defs"].update(Amount=it["$defs"].pop("Money")),
        fields(it).update(held={"$ref": "#/$defs/Amount"}),
        fields(it)["parts"].update(items={"$ref": "#/$defs/Amount"}),
    ),
    "the order of alternatives": lambda it: fields(it)["guild_id"]["anyOf"].reverse(),
}


@pytest.mark.parametrize("edit", ADDITIVE.values(), ids=ADDITIVE.keys())
def test_an_additive_edit_is_allowed(edit):
    old, new = edited(edit)

    assert breaks_of(old, new) == []


WIDER: dict[str, Edit] = {
    "one more choice": lambda it: it["$defs"]["Rail"]["enum"].append("CASH"),
    "a higher limit": lambda it: fields(it)["reason"].update(maxLength=200),
    "no limit": lambda it: fields(it)["reason"].pop("maxLength"),
    "a field may be left out": lambda it: it["required"].remove("rail"),
    "null is allowed": lambda it: fields(it).update(
        held_at={"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}
    ),
    "a closed part has a new field": lambda it: money(it)["properties"].update(
        currency={"type": "string", "default": "USD"}
    ),
}


@pytest.mark.parametrize("edit", WIDER.values(), ids=WIDER.keys())
def test_the_owner_of_a_command_may_accept_more(edit):
    old, new = edited(edit, **{"x-kind": "command"})

    assert breaks_of(old, new) == []


@pytest.mark.parametrize("edit", WIDER.values(), ids=WIDER.keys())
def test_the_owner_of_a_command_may_not_accept_less(edit):
    wide, narrow = edited(edit, **{"x-kind": "command"})

    assert breaks_of(narrow, wide)


def test_a_break_names_the_message_and_the_field():
    old, new = edited(BREAKING["a limit inside a part is lower"])

    found = breaks({"escrow.funds_held.v1": old}, {"escrow.funds_held.v1": new})

    assert "escrow.funds_held.v1/held/minor: maximum changed from 1000 to 999" in found


def test_a_message_that_is_gone_is_a_break_and_a_new_one_is_not():
    old = an_event_schema()

    assert breaks({"a.b.v1": old}, {}) == ["a.b.v1: the message is gone"]
    assert breaks({}, {"a.b.v1": old}) == []
