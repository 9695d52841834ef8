"""Repeats work: as fast as a number of workers can, or at a fixed rate."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable

Work = Callable[[int], Awaitable[None]]


async def repeat(count: int, work: Work, *, workers: int = 1, rate: float = 0.0) -> None:
    """Do the work for 0 … count - 1 with so many workers, or at a rate: so many begun a second.

    Each of these begins at its own time, whether or not earlier ones are done: a slow system
    does not make its own load smaller.
    """
    if rate > 0:
        await _at_rate(count, rate, work)
        return
    numbers = itertools.count()

    async def worker() -> None:
        while (number := next(numbers)) < count:
            await work(number)

    await asyncio.gather(*(worker() for _ in range(workers)))


async def _at_rate(count: int, rate: float, work: Work) -> None:
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(count):
            await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
            group.create_task(_awaited(work(number)))


async def _awaited(work: Awaitable[None]) -> None:
    await work
