"""A Docker engine for `test --containers`: the one that answers, else one of our own for the while.

Our own runs in namespaces of its own, so that the kernel ends and removes with it whatever it
started: processes, mounts, networks, firewall rules. What it writes lies in one folder.
"""

from __future__ import annotations


class NoEngine(RuntimeError):
    """No container can be run on this machine; the text says why."""
