"""What listings needs from its environment."""

from chassis.settings import ServiceSettings
from pydantic import SecretStr


class Settings(ServiceSettings):
    """The service's settings."""

    service_secret: SecretStr
    verification_url: str = "http://127.0.0.1:8005"
