"""Forms of any shape are judged, never stumbled over; modals are filled in as a client would."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sandbox.discord.command_limits import check_commands
from sandbox.discord.errors import ApiError, Form
from sandbox.discord.limits import check_message
from sandbox.discord.modals import BadEntry, check_modal, filled, opened

KEYS = st.sampled_from(
    "type content embeds components flags allowed_mentions parse users roles title description "
    "fields name value footer author text label custom_id style url options choices accessory "
    "component items media message_reference attachments data required placeholder".split()
)
ATOMS = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 40), st.sampled_from(["", "x", "users", "https://x"])
)
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    ATOMS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=25,
)
BODIES = st.dictionaries(KEYS, ANYTHING, max_size=6)


@given(BODIES)
@settings(max_examples=300, deadline=None)
def test_any_message_body_is_taken_or_refused(body: dict[str, Any]) -> None:
    with contextlib.suppress(ApiError):
        check_message(body, 0)


@given(st.lists(ANYTHING, max_size=4), st.sampled_from([0, 1 << 15]))
@settings(max_examples=300, deadline=None)
def test_any_components_are_taken_or_refused(components: list[Any], flags: int) -> None:
    with contextlib.suppress(ApiError):
        check_message({"flags": flags, "components": components}, 0)


@given(ANYTHING)
@settings(max_examples=200, deadline=None)
def test_any_modal_is_taken_or_refused(data: Any) -> None:
    with contextlib.suppress(ApiError):
        check_modal(data)


@given(st.lists(BODIES, max_size=3))
@settings(max_examples=200, deadline=None)
def test_any_commands_are_taken_or_refused(commands: list[dict[str, Any]]) -> None:
    check_commands(commands, Form())


def labelled(label: str, field: dict[str, Any]) -> dict[str, Any]:
    """A field under a label."""
    return {"type": 18, "label": label, "component": field}


def options(*values: str) -> list[dict[str, str]]:
    """Options whose label is the value in capitals."""
    return [{"label": value.upper(), "value": value} for value in values]


def a_modal(*components: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A modal with the given top-level components."""
    return {"title": "T", "custom_id": "m", "components": list(components), **changes}


TEXT = {"type": 4, "custom_id": "t", "style": 1}
RADIO = {"type": 21, "custom_id": "r", "options": options("a", "b")}
BOXES = {"type": 22, "custom_id": "g", "options": options("a", "b"), "required": False}


@pytest.mark.parametrize(
    ("modal", "path"),
    [
        (a_modal(labelled("L", TEXT), title="x" * 46), "title"),
        (a_modal(labelled("L", TEXT), custom_id="x" * 101), "custom_id"),
        (a_modal(), "components"),
        (a_modal(*(labelled("L", {**TEXT, "custom_id": str(n)}) for n in range(6))), "components"),
        (a_modal(labelled("x" * 46, TEXT)), "components"),
        (a_modal(labelled("L", {**TEXT, "max_length": 4001})), "components"),
        (a_modal(labelled("L", {**TEXT, "min_length": 5, "max_length": 4})), "components"),
        (a_modal(labelled("L", {**TEXT, "disabled": True})), "components"),
        (a_modal(labelled("L", {**RADIO, "options": options("a")})), "components"),
        (a_modal({"type": 1, "components": [TEXT]}), "components"),
        (a_modal({"type": 17, "components": []}), "components"),
    ],
)
def test_a_modal_outside_the_limits_is_refused(modal: dict[str, Any], path: str) -> None:
    with pytest.raises(ApiError) as refused:
        check_modal(modal)

    assert refused.value.code == 50035
    assert path in (refused.value.errors or {})["data"]


def test_every_kind_of_field_is_sent_as_the_client_sends_it() -> None:
    classic = {"type": 1, "components": [{**TEXT, "label": "Amount"}]}
    box = labelled("Sure", {"type": 23, "custom_id": "c"})
    data = a_modal(classic, labelled("Kind", RADIO), labelled("More", BOXES), box)
    check_modal(data)

    sent = filled(opened(data), {"Amount": "43", "Kind": "B", "g": ["a", "B"], "Sure": True})

    assert sent[0]["components"][0]["value"] == "43"
    assert sent[1]["component"]["value"] == "b"
    assert sent[2]["component"]["values"] == ["a", "b"]
    assert sent[3]["component"]["value"] is True


@pytest.mark.parametrize(
    "values",
    [{}, {"t": ""}, {"t": "x"}, {"t": "x" * 6}, {"t": 7}, {"t": "xxx", "other": "x"}],
)
def test_a_client_does_not_send_an_incomplete_modal(values: dict[str, Any]) -> None:
    modal = opened(a_modal(labelled("L", {**TEXT, "min_length": 2, "max_length": 5})))

    with pytest.raises(BadEntry):
        filled(modal, values)


def test_a_prefilled_text_is_sent_when_the_person_leaves_it() -> None:
    modal = opened(a_modal(labelled("L", {**TEXT, "value": "as before"})))

    assert filled(modal, {})[0]["component"]["value"] == "as before"
