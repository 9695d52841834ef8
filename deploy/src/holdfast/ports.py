"""Free ports, remembered between runs and never promised twice on one machine."""

from __future__ import annotations

import contextlib
import json
import random
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from holdfast.instance import DEFAULT, Instance

# Below the kernel's range for outgoing connections, so that none of those can take one.
_LOWEST, _HIGHEST = 20_000, 32_000


class NoFreePort(RuntimeError):
    """Every port tried was taken."""


@dataclass(slots=True)
class Ports:
    """The ports of one instance, claimed for as long as the claiming process lives."""

    instance: Instance
    taken: dict[str, int] = field(default_factory=dict)
    _remembered: dict[str, int] = field(default_factory=dict)
    _claims: list[socket.socket] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Remember what the last run used."""
        with contextlib.suppress(OSError, ValueError):
            self._remembered = json.loads(self._file.read_text(encoding="utf-8"))

    def get(self, name: str, usual: int | None = None) -> int:
        """The port for this name: last run's, else the usual one, else any that is free."""
        if name not in self.taken:
            self.taken[name] = self._choose(name, usual)
            self._remembered[name] = self.taken[name]
            self._file.write_text(json.dumps(self._remembered, indent=1), encoding="utf-8")
        return self.taken[name]

    def release(self) -> None:
        """Let others claim these ports; a process that ends does so by itself."""
        while self._claims:
            self._claims.pop().close()

    @property
    def _file(self) -> Path:
        return self.instance.run / "ports.json"

    def _choose(self, name: str, usual: int | None) -> int:
        for port in self._candidates(name, usual):
            if port not in self.taken.values() and is_free(port) and self._claim(port):
                return port
        raise NoFreePort(f"no free port for {name} between {_LOWEST} and {_HIGHEST}")

    def _candidates(self, name: str, usual: int | None) -> Iterator[int]:
        if name in self._remembered:
            yield self._remembered[name]
        if usual and self.instance.name == DEFAULT:
            yield usual
        for _ in range(200):
            yield random.randint(_LOWEST, _HIGHEST)  # noqa: S311 - no secret

    def _claim(self, port: int) -> bool:
        """Hold a name that other checkouts see, because a free port is not yet listened on.

        A socket's abstract name is in no folder, and goes with its process.
        """
        name = socket.socket(socket.AF_UNIX)
        try:
            name.bind(f"\0holdfast-port-{port}")
        except OSError:
            name.close()
            return False
        self._claims.append(name)
        return True


def is_free(port: int) -> bool:
    """Whether a server could listen on the loopback port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    with socket.socket() as probe:  # a server on 0.0.0.0 with SO_REUSEPORT lets the bind pass
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) != 0
