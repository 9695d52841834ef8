"""Composition root: the only file that knows all the others."""

from chassis.messaging.consumers import Consumers
from chassis.service import Parts, create
from fastapi import FastAPI

from notifier import consumers
from notifier.api import notification, preference
from notifier.settings import Settings


def create_app(settings: Settings) -> FastAPI:
    """Build the service from its settings."""
    parts = Parts(
        name="notifier",
        routers=[notification.router, preference.router],
        consumers=consumers.register(Consumers("notifier")),
    )
    return create(settings, parts)
