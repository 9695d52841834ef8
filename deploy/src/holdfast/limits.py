"""The limit of open files, which an ordinary user has low and may raise."""

from __future__ import annotations

import resource

# More would cost: RabbitMQ makes room for every file that it might open.
ENOUGH_FILES = 65_536


def allow_open_files() -> None:
    """Raise the limit of open files, for this process and its children, as far as it may go.

    An ordinary user's limit is 1024; a connection for each person needs more.
    """
    soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = ENOUGH_FILES if most == resource.RLIM_INFINITY else min(most, ENOUGH_FILES)
    if soft != resource.RLIM_INFINITY and soft < enough:
        resource.setrlimit(resource.RLIMIT_NOFILE, (enough, most))
