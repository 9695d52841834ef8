"""Does something many times: as fast as so many workers can, or so often a second."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable


async def each(
    count: int, rate: float, workers: int, work: Callable[[int], Awaitable[None]]
) -> None:
    """Do the work for 0 … count - 1; a rate of 0 sets no pace.

    At a pace each begins at its own time, whether or not the ones before are done: a slow system
    does not make its own load smaller.
    """
    if rate > 0:
        await _paced(count, rate, work)
        return
    numbers = itertools.count()

    async def worker() -> None:
        while (number := next(numbers)) < count:
            await work(number)

    await asyncio.gather(*(worker() for _ in range(workers)))


async def _paced(count: int, rate: float, work: Callable[[int], Awaitable[None]]) -> None:
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(count):
            await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
            group.create_task(_one(work, number))


async def _one(work: Callable[[int], Awaitable[None]], number: int) -> None:
    await work(number)
