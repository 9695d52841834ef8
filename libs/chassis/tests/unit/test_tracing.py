"""A trace's name travels where no span is recorded."""

import re

import pytest
from chassis.ops import tracing

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
GIVEN = {"traceparent": f"00-{TRACE}-{SPAN}-01"}


def test_what_is_carried_on_is_what_came():
    with tracing.span("one", GIVEN):
        assert tracing.ids() == (TRACE, SPAN)
        assert tracing.carry() == GIVEN
        with tracing.span("inside"):
            assert tracing.carry() == GIVEN
    assert tracing.carry() == {}
    assert tracing.ids() == ("", "")


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"traceparent": ""},
        {"traceparent": 5},
        {"traceparent": f"00-{TRACE}-{SPAN}"},
        {"traceparent": f"00-{'0' * 32}-{SPAN}-01"},
        {"traceparent": f"00-{TRACE}-{'0' * 16}-01"},
        {"traceparent": f"00-{TRACE}-{SPAN}-01\r\nset-cookie: x"},
        {"traceparent": "x" * 100_000},
    ],
    ids=["none", "empty", "no text", "short", "no trace", "no span", "two lines", "long"],
)
def test_what_is_no_trace_begins_one(given):
    with tracing.span("one", given):
        begun = tracing.carry()["traceparent"]
        assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-00", begun)
        assert tracing.ids()[0] != TRACE
    with tracing.span("another", given):
        assert tracing.carry()["traceparent"] != begun
