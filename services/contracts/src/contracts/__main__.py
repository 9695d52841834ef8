"""Run contracts: ``python -m contracts``."""

from chassis.service import run

from contracts.app import create_app
from contracts.settings import Settings

if __name__ == "__main__":
    run("contracts", Settings(), create_app)
