"""Run identity: ``python -m identity``."""

from chassis.service import run

from identity.app import NAME, create_app
from identity.settings import Settings

if __name__ == "__main__":
    run(NAME, Settings(), create_app)
