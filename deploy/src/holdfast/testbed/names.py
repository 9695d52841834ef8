"""What test processes call their databases and virtual hosts, and how they reach them."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

_PREFIX = "t"


def derived(url: str, name: str) -> str:
    """A password for tests that every process computes alike from the server's own."""
    return hashlib.sha256(f"{urlsplit(url).password}:{name}".encode()).hexdigest()[:32]


def login(url: str, user: str, password: str, path: str) -> str:
    """The same server's URL for another user and path."""
    parts = urlsplit(url)
    place = f"{user}:{password}@{parts.hostname}:{parts.port}"
    return urlunsplit((parts.scheme, place, path, parts.query, ""))


def as_superuser(database_url: str, postgres_url: str) -> str:
    """The same database with all rights, for looking and for breaking things on purpose."""
    return urlunsplit(urlsplit(postgres_url)._replace(path=urlsplit(database_url).path))


def fresh_name() -> str:
    """A name that no other process takes, and that tells whose it is."""
    return f"{_PREFIX}_{os.getpid()}_{secrets.token_hex(4)}"


def is_leftover(name: str) -> bool:
    """Whether a test process gave the name that is no more."""
    prefix, _, rest = name.partition("_")
    pid = rest.partition("_")[0]
    return prefix == _PREFIX and pid.isdecimal() and not Path(f"/proc/{pid}").exists()
