"""Idempotency keys as Stripe keeps them: first answer replayed, saved errors included."""

import hashlib
import json
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sandbox.clock import Clock
from sandbox.keeping import Keeper, Kept, Table
from sandbox.stripe.errors import StripeError, invalid
from sandbox.stripe.store import JsonObject

KEPT_S = 24 * 3600
MAX_KEY = 255
PRUNED_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered to the first request with a key."""

    status: int
    body: JsonObject
    request_id: str


@dataclass(slots=True)
class Entry(Kept):
    """One key: what it was first used for, since when, and the answer once there is one."""

    path: str
    fingerprint: str
    since: float
    answer: Answer | None = None


class Keys:
    """All keys in use, forgotten 24 hours after their first use."""

    def __init__(self, clock: Clock, keeper: Keeper) -> None:
        self._clock = clock
        self._entries: Table[tuple[str | None, str], Entry] = keeper.table(
            "stripe keys", Entry.told, _answered
        )

    def claim(self, owner: tuple[str | None, str], path: str, params: JsonObject) -> Answer | None:
        """The saved answer, or None where this request is the first and may run."""
        key = owner[1]
        if len(key) > MAX_KEY:
            raise invalid(f"Idempotency keys can be at most {MAX_KEY} characters long.")
        self._prune()
        mark = hashlib.sha256(json.dumps(params, sort_keys=True).encode()).hexdigest()
        entry = self._entries.setdefault(owner, Entry(path, mark, self._clock.time()))
        if entry.path != path:
            raise _misused(key, f"endpoint they were first used for ('{entry.path}' vs '{path}')")
        if entry.fingerprint != mark:
            raise _misused(key, "parameters they were first used with")
        return entry.answer

    def is_running(self, owner: tuple[str | None, str]) -> bool:
        """Whether the first request with the key has not been answered yet."""
        return owner in self._entries and self._entries[owner].answer is None

    def save(self, owner: tuple[str | None, str], answer: Answer) -> None:
        """Keep the answer for every later request with the key."""
        self._entries[owner].answer = answer

    def release(self, owner: tuple[str | None, str]) -> None:
        """Forget the key: its request was refused before any work began."""
        self._entries.pop(owner, None)

    def _prune(self) -> None:
        oldest = self._clock.time() - KEPT_S
        # Oldest first: stop at the first that stays, so that a claim costs the same on any day.
        for owner, entry in list(islice(self._entries.items(), PRUNED_AT_ONCE)):
            if entry.since >= oldest or entry.answer is None:
                return
            del self._entries[owner]


def _answered(kept: dict[str, Any]) -> Entry | None:
    """A request that was running when the process ended may be sent again."""
    return Entry(**kept) if kept["answer"] is not None else None


def in_use(key: str) -> StripeError:
    """Another request with the key is still running."""
    return StripeError(
        "There is currently another in-progress request using this Idempotent Key (that probably "
        f"means you submitted twice, and the other request is still going through): {key}. "
        "Please try again later.",
        status=409,
        code="idempotency_key_in_use",
        began=False,
        retry=True,
    )


def _misused(key: str, same: str) -> StripeError:
    return StripeError(
        f"Keys for idempotent requests can only be used with the same {same}. Try using a key "
        f"other than '{key}' if you meant to execute a different request.",
        kind="idempotency_error",
        began=False,
    )
