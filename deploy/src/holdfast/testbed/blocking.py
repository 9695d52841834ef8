"""Waiting for a coroutine where nothing can be awaited."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def blocking(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end from anywhere, also while another event loop is running."""
    return asyncio.run_coroutine_threadsafe(work, _loop()).result()


@functools.cache
def _loop() -> asyncio.AbstractEventLoop:
    """An event loop in a thread of its own, so that connections can be kept between calls."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="testbed", daemon=True).start()
    return loop
