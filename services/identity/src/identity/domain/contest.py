"""An account that a second person proved: who of the two has it is decided after a while."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from identity.domain.account import Provider

COOLING = timedelta(hours=72)


@dataclass(frozen=True, slots=True)
class Contest:
    """The claimant's is the later proof; it wins unless the holder proves the account again."""

    contest_id: str
    provider: Provider
    provider_user_id: str
    holder_id: str
    claimant_id: str
    decided_at: datetime
