"""The moved clock that all processes share."""

import asyncio
from pathlib import Path

from sandbox.clock import REREAD_S, Clock


def at_1000() -> float:
    return 1000.0


def test_without_a_file_time_is_real_until_it_is_moved() -> None:
    clock = Clock(real=at_1000)
    assert (clock.timestamp(), clock.offset_s()) == (1000, 0)
    clock.move(60)
    clock.move(-10)
    assert (clock.timestamp(), clock.now().isoformat()) == (1050, "1970-01-01T00:17:30+00:00")


async def test_a_file_that_another_process_writes_moves_the_time(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    clock = Clock(file, at_1000)
    assert clock.timestamp() == 1000
    file.write_text("3600\n")
    await asyncio.sleep(REREAD_S)
    assert clock.timestamp() == 4600


async def test_a_half_written_file_keeps_the_last_good_offset(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    file.write_text("60")
    clock = Clock(file, at_1000)
    assert clock.timestamp() == 1060
    file.write_text("not a number")
    await asyncio.sleep(REREAD_S)
    assert clock.timestamp() == 1060
    file.unlink()
    await asyncio.sleep(REREAD_S)
    assert clock.timestamp() == 1000


def test_moving_a_shared_clock_writes_its_file(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    Clock(file, at_1000).move(90)
    assert Clock(file, at_1000).timestamp() == 1090


async def test_waiting_ends_when_the_time_is_moved_to_the_moment() -> None:
    clock = Clock()
    waiting = asyncio.create_task(clock.wait_until(clock.time() + 3600))
    await asyncio.sleep(0)
    assert not waiting.done()
    clock.move(3601)
    await asyncio.wait_for(waiting, 1)
