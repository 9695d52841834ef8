"""Time is aware, in UTC, and moves where a test wants it."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from chassis.clock import FileClock, ManualClock, SystemClock
from chassis_builders import until

NEAR = timedelta(seconds=2)


@pytest.mark.parametrize("kind", [SystemClock, ManualClock])
def test_a_clock_tells_utc(kind):
    clock = kind()

    assert clock.now().tzinfo is UTC
    assert abs(clock.now() - datetime.now(UTC)) < NEAR


def test_a_manual_clock_moves_only_when_told(tmp_path):
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))

    clock.advance(timedelta(days=7))

    assert clock.now() == clock.now() == datetime(2026, 1, 8, tzinfo=UTC)


def test_a_file_that_is_absent_or_empty_means_real_time(tmp_path):
    (tmp_path / "empty").write_text("")

    for name in ("absent", "empty"):
        assert abs(FileClock(tmp_path / name).now() - datetime.now(UTC)) < NEAR


async def test_all_who_follow_a_file_move_together_and_back(tmp_path):
    file = tmp_path / "clock"
    clocks = [FileClock(file), FileClock(file)]
    assert all(abs(clock.now() - datetime.now(UTC)) < NEAR for clock in clocks)

    file.write_text("604800\n")
    for clock in clocks:
        await until(lambda clock=clock: clock.now() > datetime.now(UTC) + timedelta(days=6), 2)

    file.unlink()
    for clock in clocks:
        await until(lambda clock=clock: abs(clock.now() - datetime.now(UTC)) < NEAR, 2)


async def test_a_file_of_nonsense_is_an_error_that_says_so(tmp_path):
    (tmp_path / "clock").write_text("tomorrow")

    with pytest.raises(ValueError, match="tomorrow"):
        FileClock(tmp_path / "clock").now()
    await asyncio.sleep(0)
