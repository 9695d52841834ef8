"""A command that was refused, told by the service that refused it."""

from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts_schema import refusals
from contracts_schema.message import Event


class Refusal(BaseModel):
    """Why: a code and what fills its words (see ``refusals``), and the same in English."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    code: str
    status: int
    title: str
    detail: str
    next_action: str = ""
    retryable: bool = False
    errors: list[dict[str, Any]] = Field(default_factory=list)
    wording: str = ""
    """The words' name in the catalogue of refusals, like ``escrow.wrong_state``."""
    params: dict[str, str] = Field(default_factory=dict)

    def worded(self, locale: str) -> refusals.Words:
        """The words in this language; a refusal that has no name says what it said itself."""
        if not refusals.has_words(self.wording):
            return refusals.Words(self.detail, self.next_action)
        params = refusals.filling(self.params, self.errors, locale)
        return refusals.words(self.wording, locale, params)


class _CommandRejected(Event):
    subject_field: ClassVar[str] = "command_id"

    command_id: UUID
    command: str
    discord_user_id: str
    problem: Refusal
    about: str = ""
    """The id of the thing that something was asked of; empty where there was none."""


class IdentityCommandRejected(_CommandRejected):
    """identity refused a command."""

    topic: ClassVar[str] = "identity.command_rejected.v1"


class ListingsCommandRejected(_CommandRejected):
    """listings refused a command."""

    topic: ClassVar[str] = "listings.command_rejected.v1"


class ContractsCommandRejected(_CommandRejected):
    """contracts refused a command."""

    topic: ClassVar[str] = "contracts.command_rejected.v1"


class EscrowCommandRejected(_CommandRejected):
    """escrow refused a command."""

    topic: ClassVar[str] = "escrow.command_rejected.v1"


class NotifierCommandRejected(_CommandRejected):
    """notifier refused a command."""

    topic: ClassVar[str] = "notifier.command_rejected.v1"


CommandRejected = (
    IdentityCommandRejected
    | ListingsCommandRejected
    | ContractsCommandRejected
    | EscrowCommandRejected
    | NotifierCommandRejected
)

BY_SERVICE: dict[str, type[_CommandRejected]] = {
    "identity": IdentityCommandRejected,
    "listings": ListingsCommandRejected,
    "contracts": ContractsCommandRejected,
    "escrow": EscrowCommandRejected,
    "notifier": NotifierCommandRejected,
}
