"""Run the notifier: ``python -m notifier``."""

from chassis.service import run

from notifier.app import create_app
from notifier.settings import Settings

if __name__ == "__main__":
    run("notifier", Settings(), create_app)
