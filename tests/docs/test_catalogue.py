"""The catalogue of abuse and faults, and the tests that carry its rows."""

import catalogue
import pytest


def test_a_row_that_a_test_names_has_to_be_in_the_catalogue(monkeypatch):
    monkeypatch.setattr(catalogue, "carriers", lambda: {"abuse": {"Z1": {}}, "fault": {}})

    with pytest.raises(catalogue.UnknownRow, match="abuse Z1"):
        catalogue.tables()


def test_a_mark_is_found_on_a_test_on_a_parameter_and_on_a_whole_file():
    found = catalogue.marks_in(
        """
pytestmark = [pytest.mark.fault("P1"), pytest.mark.slow]

@pytest.mark.abuse("A1", "A2")
@pytest.mark.parametrize("row", [pytest.param(1, marks=pytest.mark.fault("M1"))])
def test_it(row):
    other.mark.abuse("B1")
"""
    )

    assert sorted(found) == [("abuse", "A1"), ("abuse", "A2"), ("fault", "M1"), ("fault", "P1")]
