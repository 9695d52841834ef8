"""What discord-gateway tells."""

from typing import ClassVar

from contracts_schema.ids import EntityId, ListingId
from contracts_schema.message import Event


class ListingPosted(Event):
    """A listing's card stands in a channel."""

    topic: ClassVar[str] = "discord.listing_posted.v1"
    subject_field: ClassVar[str] = "listing_id"

    listing_id: ListingId
    guild_id: str
    channel_id: str
    message_id: str


class DeliveryFailed(Event):
    """A card could not be shown (closed DMs, a channel that is gone); the web remains."""

    topic: ClassVar[str] = "discord.delivery_failed.v1"
    subject_field: ClassVar[str] = "delivery_id"

    delivery_id: EntityId
    reason_code: str
