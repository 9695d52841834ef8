"""What people ask identity to do."""

from typing import ClassVar, Literal

from pydantic import Field

from contracts_schema.message import Command


class RegisterUser(Command):
    """Join, having read the terms."""

    topic: ClassVar[str] = "identity.register_user.v1"

    consent: Literal[True]
    terms_version: str = Field(max_length=20)


class CreateLink(Command):
    """Ask for a single-use link that leads through the provider's OAuth."""

    topic: ClassVar[str] = "identity.create_link.v1"

    provider: Literal["roblox"] = "roblox"
