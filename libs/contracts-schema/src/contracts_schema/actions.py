"""What a person may do next with a thing, as the thing's owner says: nobody else decides it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that the reader may do now with what they are reading."""

    verb: Annotated[str, Field(pattern=r"^[a-z_]{2,24}$")]
    """The same word on buttons, in routes and in the registry of whoever shows it."""
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    route: Annotated[str, Field(pattern=r"^/v1/")]
    preview: str = ""
    """The route to read first, where the step cannot be undone: what it would do, to the cent."""
    until: datetime | None = None
    """When it ends to be possible; None: no window ends it."""


Verbs = tuple[str, ...]
"""What one person may do next, as events carry it: by user id, beside what happened."""
EVERYBODY = "*"
"""In place of a user id: what everybody may do who may see the thing and is not named."""
