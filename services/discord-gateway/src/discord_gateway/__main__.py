"""Run the service: ``python -m discord_gateway``."""

from chassis.service import run

from discord_gateway.app import create_app
from discord_gateway.settings import Settings

if __name__ == "__main__":
    run("discord-gateway", Settings(), create_app)
