"""A cursor continues one list under its filters, and is nobody's to write but ours."""

import base64
from datetime import UTC, datetime

import pytest
from chassis.http.lists import Cursors
from chassis.problems import Problem
from hypothesis import given
from hypothesis import strategies as st

POSITION = (datetime(2026, 1, 1, 12, tzinfo=UTC), "lst_1")
FILTERS = {"state": "ACTIVE", "category": None}


@given(st.datetimes(timezones=st.just(UTC)), st.text(st.characters(codec="utf-8"), max_size=40))
def test_a_cursor_comes_back_as_the_position_it_was(at, last_id):
    cursors = Cursors("secret")

    assert cursors.read(cursors.write((at, last_id), FILTERS), FILTERS) == (at, last_id)


def test_no_cursor_is_the_first_page():
    assert Cursors("secret").read(None, FILTERS) is None


def test_the_order_of_filters_does_not_matter():
    cursors = Cursors("secret")

    cursor = cursors.write(POSITION, FILTERS)

    assert cursors.read(cursor, dict(reversed(FILTERS.items()))) == POSITION


def refused(cursor: str, filters: dict, cursors: Cursors | None = None) -> Problem:
    with pytest.raises(Problem) as caught:
        (cursors or Cursors("secret")).read(cursor, filters)
    return caught.value


@pytest.mark.parametrize("filters", [{}, FILTERS | {"state": "SOLD"}, FILTERS | {"more": 1}])
def test_a_cursor_of_other_filters_is_refused(filters):
    problem = refused(Cursors("secret").write(POSITION, FILTERS), filters)

    assert (problem.status, problem.code) == (422, "cursor_invalid")
    assert problem.next_action


def test_a_cursor_of_another_secret_is_refused():
    refused(Cursors("secret").write(POSITION, FILTERS), FILTERS, Cursors("another"))


def test_every_changed_byte_is_noticed():
    cursor = Cursors("secret").write(POSITION, FILTERS)
    raw = bytearray(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))

    for position in range(len(raw)):
        raw[position] ^= 1
        refused(base64.urlsafe_b64encode(raw).decode().rstrip("="), FILTERS)
        raw[position] ^= 1


@given(st.text(max_size=100))
def test_whatever_is_sent_as_a_cursor_is_refused_not_failed(text):
    refused(text, FILTERS)


def test_an_empty_secret_is_refused():
    with pytest.raises(ValueError, match="HOLDFAST_CURSOR_SECRET"):
        Cursors("")
