"""Run the service: ``python -m discord_gateway``."""

import chassis.lean  # noqa: F401  first, before anything that it keeps out
from chassis.service import run

from discord_gateway.app import create_app
from discord_gateway.settings import Settings

if __name__ == "__main__":
    run("discord-gateway", Settings(), create_app)
