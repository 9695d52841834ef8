"""The bench's arithmetic."""

import pytest

from bench import figures


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [30.0, 10.0, 20.0, 40.0]
    assert figures.percentile(values, 0.5) == 20.0
    assert figures.percentile(values, 0.75) == 30.0
    assert figures.percentile(values, 0.76) == 40.0
    assert figures.percentile(values, 1) == 40.0
    assert figures.percentile([7.0], 0.01) == 7.0


def test_the_spread_names_the_usual_percentiles() -> None:
    assert figures.spread([float(n) for n in range(1, 101)]) == {
        "p50": 50.0,
        "p95": 95.0,
        "p99": 99.0,
    }


@pytest.mark.parametrize("share", [0, -0.5, 1.01, 95])
def test_a_share_outside_its_range_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="share"):
        figures.percentile([1.0], share)


def test_nothing_measured_gives_no_percentile_and_no_median() -> None:
    with pytest.raises(ValueError, match="no values"):
        figures.percentile([], 0.5)
    with pytest.raises(ValueError, match="no run"):
        figures.median([])


def test_the_median_of_three_runs_is_not_moved_by_an_odd_one() -> None:
    assert figures.median([900.0, 5.0, 1000.0]) == 900.0
    assert figures.median([1.0, 2.0]) == 1.5


def test_the_median_goes_name_by_name_through_nested_figures() -> None:
    runs = [{"p": {"p50": n}, "cpu": 10 - n} for n in (1, 2, 9)]
    assert figures.median(runs) == {"p": {"p50": 2}, "cpu": 8}


def test_a_figure_that_one_run_lacks_has_no_median() -> None:
    assert figures.median([{"a": 1, "b": 1}, {"a": 3}]) == {"a": 2}


def test_a_comparison_tells_the_part_of_the_minimum_that_is_reached() -> None:
    assert figures.compared(400.0, 1000.0) == {"ours": 400.0, "minimum": 1000.0, "ratio": 0.4}
    with pytest.raises(ValueError, match="did nothing"):
        figures.compared(1.0, 0.0)


def test_rounding_keeps_three_decimals_and_drops_them_from_thousands() -> None:
    assert figures.rounded({"a": 1234.5678, "b": {"c": 0.12345}, "d": "x", "e": 7}) == {
        "a": 1235,
        "b": {"c": 0.123},
        "d": "x",
        "e": 7,
    }
