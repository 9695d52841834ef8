"""Run verification: ``python -m verification``."""

from chassis.service import run

from verification.app import create_app
from verification.settings import Settings

if __name__ == "__main__":
    run("verification", Settings(), create_app)
