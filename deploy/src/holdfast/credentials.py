"""Secrets that are generated once per instance and kept in files only their owner reads."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable

from holdfast.instance import Instance


def token() -> str:
    """A fresh random secret of 192 bits that is safe inside a URL."""
    return secrets.token_hex(24)


def credential(instance: Instance, name: str, make: Callable[[], str] = token) -> str:
    """The instance's secret of this name, generated at the first call."""
    path = instance.secrets / name
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        pass
    fresh = instance.secrets / f".{name}.{secrets.token_hex(4)}"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(make())
    try:
        os.link(fresh, path)  # fails when another process was first: then its secret holds
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    return path.read_text(encoding="utf-8")
