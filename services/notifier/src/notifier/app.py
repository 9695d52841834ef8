"""Composition root: the only file that knows all the others."""

from chassis.messaging.consumers import Consumers
from chassis.service import Parts, create
from fastapi import FastAPI

from notifier import api, consumers
from notifier.cards.catalogue import Catalogue
from notifier.settings import Settings


def create_app(settings: Settings) -> FastAPI:
    """Build the service from its settings."""
    catalogue = Catalogue.load()
    parts = Parts(
        name="notifier",
        routers=[api.router],
        consumers=consumers.register(Consumers("notifier"), catalogue),
        state={"catalogue": catalogue},
    )
    return create(settings, parts)
