"""Stripe, played from memory: stateful, with books of its own and Stripe's own errors."""

from aiohttp import web

from sandbox.clock import Clock
from sandbox.config import Config
from sandbox.faults import Faults


class Stripe:
    """The party behind `/stripe/…` and `/control/stripe/…`."""

    def routes(self) -> list[web.RouteDef]:
        """All routes of the party."""
        return []


def build(config: Config, clock: Clock, faults: Faults) -> Stripe:
    """Make the party; nothing runs before `start`."""
    return Stripe()
