"""A freeze has reasons; each is lifted by itself, and the last one lets the window go on."""

from __future__ import annotations

from escrow.domain.escrow import Escrow
from escrow.domain.freeze import CHARGEBACK, OWNERSHIP_LOST, freeze, thaw
from escrow.domain.terms import open_escrow
from escrow_builders import DAY, HOUR, NOON, some_terms, usd


def held() -> Escrow:
    terms = some_terms()
    escrow = open_escrow("esc_1", terms, terms.sha256(), NOON)
    escrow.hold(usd(430_000), "pay_1", NOON)
    return escrow


def test_a_reason_is_noted_once_and_lifted_once():
    escrow = held()

    assert freeze(escrow, CHARGEBACK, NOON)
    assert not freeze(escrow, CHARGEBACK, NOON + HOUR)
    assert not thaw(escrow, OWNERSHIP_LOST, NOON + HOUR)
    assert thaw(escrow, CHARGEBACK, NOON + HOUR)
    assert not thaw(escrow, CHARGEBACK, NOON + HOUR)
    assert (escrow.frozen, escrow.frozen_since) == ("", None)


def test_the_window_stands_from_the_first_reason_to_the_end_of_the_last():
    escrow = held()
    freeze(escrow, CHARGEBACK, NOON + DAY)
    freeze(escrow, OWNERSHIP_LOST, NOON + 2 * DAY)

    thaw(escrow, CHARGEBACK, NOON + 3 * DAY)
    assert escrow.deadline == NOON + 7 * DAY
    thaw(escrow, OWNERSHIP_LOST, NOON + 20 * DAY)

    assert escrow.deadline == NOON + 26 * DAY


def test_an_escrow_that_waits_for_money_ends_in_time_frozen_or_not():
    terms = some_terms()
    escrow = open_escrow("esc_1", terms, terms.sha256(), NOON)
    freeze(escrow, CHARGEBACK, NOON)

    assert not escrow.clock_stands
    thaw(escrow, CHARGEBACK, NOON + 2 * DAY)

    assert escrow.deadline == NOON + 3 * DAY
