"""What listings needs from its environment."""

from chassis.settings import ServiceSettings
from pydantic import Field

from listings.domain.offer import DEFAULT_CAPS, Caps


class Settings(ServiceSettings):
    """The service's settings."""

    verification_url: str = "http://127.0.0.1:8005"
    open_offers_per_listing: int = Field(default=DEFAULT_CAPS.on_listing, ge=1)
    """How many open offers one buyer may have on one listing."""
    open_offers_per_buyer: int = Field(default=DEFAULT_CAPS.in_all, ge=1)
    """How many open offers one buyer may have in all."""

    @property
    def caps(self) -> Caps:
        """How many open offers one buyer may have."""
        return Caps(self.open_offers_per_listing, self.open_offers_per_buyer)
