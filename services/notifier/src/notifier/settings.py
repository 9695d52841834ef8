"""What notifier needs from its environment."""

from chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """The service's settings; it has none of its own beyond the common ones."""
