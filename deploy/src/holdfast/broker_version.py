"""Which versions of RabbitMQ are used, and why no older one."""

from __future__ import annotations

import re

OLDEST = "4.0"


def objection(version: str) -> str | None:
    """Why a broker of this version is not used, or None when it may be."""
    if ordered(version) >= ordered(OLDEST):
        return None
    return (
        f"RabbitMQ {version} is older than {OLDEST} and checks no permission for the routing keys "
        "in CC and BCC headers, so that any service could send what is another's to say"
    )


def ordered(version: str) -> tuple[int, ...]:
    """The numbers of a version, for comparing; what follows them (as in 4.1.0-rc.1) is left out."""
    return tuple(int(it) for it in re.findall(r"\d+", version.partition("-")[0]))
