"""What people ask notifier to do."""

from typing import ClassVar

from contracts_schema.message import Command


class SetPreferences(Command):
    """Choose what one wants to be told by direct message."""

    topic: ClassVar[str] = "notifier.set_preferences.v1"

    direct_messages: bool
