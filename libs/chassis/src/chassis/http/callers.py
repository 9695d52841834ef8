"""Which service is asking: each has a secret of its own, and is let in by name.

Who answers keeps digests only, so that nobody can ask in the name of who has asked it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Coroutine, Mapping
from functools import cached_property
from typing import Any

import structlog
from fastapi import Request
from pydantic import field_validator

from chassis.problems import Problem
from chassis.settings import ServiceSettings

SECRET_HEADER = "X-Service-Secret"  # noqa: S105
_ENTRY = re.compile(r"([a-z][a-z0-9-]*)=([0-9a-f]{64})")

log = structlog.get_logger(__name__)


def digest(secret: str) -> str:
    """What is kept of a service's secret by who is asked."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def parse(text: str) -> dict[str, str]:
    """The digest of each service's secret, from ``name=digest`` separated by commas."""
    found: dict[str, str] = {}
    for part in filter(None, (it.strip() for it in text.split(","))):
        entry = _ENTRY.fullmatch(part)
        if entry is None or entry[1] in found:
            raise ValueError(
                "HOLDFAST_SERVICE_CALLERS must name each service once, with the SHA-256 of its"
                " secret: listings=<64 hex digits>,escrow=<64 hex digits>"
            )
        found[entry[1]] = entry[2]
    return found


def name_of(callers: Mapping[str, str], secret: str) -> str | None:
    """Which service holds the secret; takes as long whichever it is, or none."""
    presented, found = digest(secret), None
    for name, known in callers.items():
        if hmac.compare_digest(presented, known):
            found = name
    return found


def only(*names: str) -> Callable[[Request], Coroutine[Any, Any, str]]:
    """Admit only these services to a route; its handler is told which one asks."""

    async def asking(request: Request) -> str:
        callers: Mapping[str, str] = request.app.state.settings.callers
        name = name_of(callers, request.headers.get(SECRET_HEADER, ""))
        if name is None:
            raise Problem(401, "unauthenticated", wording="common.service_unknown")
        if name not in names:
            log.warning("service.refused", service=name, path=request.url.path)
            raise Problem(403, "service_refused", wording="common.service_refused", service=name)
        return name

    return asking


class AnswersServices(ServiceSettings):
    """The settings of a service with routes that only other services may ask."""

    service_callers: str

    @field_validator("service_callers")
    @classmethod
    def _readable(cls, text: str) -> str:
        parse(text)
        return text

    @cached_property
    def callers(self) -> Mapping[str, str]:
        """The services that may ask, each with the digest of its secret."""
        return parse(self.service_callers)
