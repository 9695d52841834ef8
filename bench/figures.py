"""The arithmetic of the bench: percentiles, medians, ratios."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

Figure = Any
"""A number, or numbers by name, as one run measured them."""

DIGITS = 3


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of all values does not exceed."""
    if not values:
        raise ValueError("no values were measured")
    if not 0 < share <= 1:
        raise ValueError(f"a share lies above 0 and at most at 1, not at {share}")
    ordered = sorted(values)
    return ordered[math.ceil(share * len(ordered)) - 1]


def spread(values: Sequence[float]) -> dict[str, float]:
    """p50, p95 and p99."""
    return {f"p{share}": percentile(values, share / 100) for share in (50, 95, 99)}


def median(runs: Sequence[Figure]) -> Figure:
    """The median over runs, name by name where a run holds several figures."""
    if not runs:
        raise ValueError("no run was made")
    if isinstance(runs[0], Mapping):
        names = [name for name in runs[0] if all(name in run for run in runs)]
        return {name: median([run[name] for run in runs]) for name in names}
    return statistics.median(runs)


def compared(ours: float, minimum: float) -> dict[str, float]:
    """Our figure beside the hand-written minimum's, and what part of it ours reaches."""
    if minimum <= 0:
        raise ValueError("the minimum did nothing: there is no ratio to it")
    return {"ours": ours, "minimum": minimum, "ratio": ours / minimum}


def rounded(figure: Figure) -> Figure:
    """The figure with as many digits as mean something."""
    if isinstance(figure, Mapping):
        return {name: rounded(value) for name, value in figure.items()}
    if isinstance(figure, float):
        digits = 0 if abs(figure) >= 1000 else DIGITS
        return round(figure, digits) if digits else round(figure)
    return figure
