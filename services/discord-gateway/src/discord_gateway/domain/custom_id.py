"""What a button carries: verb and subject, signed, so that no process needs to remember it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass

LARGEST = 100
_SIGNATURE_BYTES = 12
_PARTS = re.compile(r"v1:([a-z_]{2,24}):([A-Za-z0-9_.-]{1,60}):([A-Za-z0-9_-]{16})")


class Forged(ValueError):
    """This custom id was not made by us."""


@dataclass(frozen=True, slots=True)
class Intent:
    """What pressing the button, or sending the form, means."""

    verb: str
    subject: str


class CustomIds:
    """Writes and reads signed custom ids: ``v1:<verb>:<subject>:<signature>``."""

    def __init__(self, secret: str) -> None:
        """Sign with this secret, which must not be empty."""
        if not secret:
            raise ValueError("HOLDFAST_CUSTOM_ID_SECRET is empty: set a random secret")
        self._secret = secret.encode()

    def write(self, verb: str, subject: str) -> str:
        """The custom id of this verb on this subject, at most 100 characters long."""
        custom_id = f"v1:{verb}:{subject}:{self._sign(verb, subject)}"
        if _PARTS.fullmatch(custom_id) is None or len(custom_id) > LARGEST:
            raise ValueError(f"cannot be carried by a button: {verb!r} on {subject[:50]!r}")
        return custom_id

    def read(self, custom_id: str) -> Intent:
        """What the custom id means; raises Forged for one that we did not sign."""
        parts = _PARTS.fullmatch(custom_id)
        if parts is None:
            raise Forged(custom_id[:LARGEST])
        verb, subject, signature = parts.groups()
        if not hmac.compare_digest(signature, self._sign(verb, subject)):
            raise Forged(custom_id[:LARGEST])
        return Intent(verb, subject)

    def _sign(self, verb: str, subject: str) -> str:
        digest = hmac.new(self._secret, f"v1:{verb}:{subject}".encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest[:_SIGNATURE_BYTES]).decode()
