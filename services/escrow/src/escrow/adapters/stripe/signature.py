"""Stripe's webhook signature, checked on the raw bytes within ±300 s, in both directions.

The official library lets timestamps of the future pass, so this check is our own (trap S2).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime

from escrow.ports import BadWebhook

TOLERANCE_S = 300
MOST_MARKS = 20


def require_signature(header: str, body: bytes, secrets: Sequence[str], now: datetime) -> None:
    """Return if one of the secrets signed these bytes a moment ago; raise BadWebhook otherwise."""
    signed_at, marks = _read(header)
    if abs(now.timestamp() - signed_at) > TOLERANCE_S:
        raise BadWebhook("signed_at_another_time", signed_at=signed_at, most=TOLERANCE_S)
    payload = f"{signed_at}.".encode() + body
    good = False
    for secret in secrets:
        expected = hmac.new(secret.encode(), payload, hashlib.sha256).hexdigest().encode()
        for mark in marks:
            # Every pair is compared, so that the time taken tells nothing.
            good |= hmac.compare_digest(expected, mark)
    if not good:
        raise BadWebhook("no_signature_fits")


def _read(header: str) -> tuple[int, list[bytes]]:
    pairs = [part.strip().partition("=") for part in header.split(",")]
    times = [value for name, _, value in pairs if name == "t"]
    marks = [value.encode("utf-8", "replace") for name, _, value in pairs if name == "v1"]
    if len(times) != 1 or not times[0].isascii() or not times[0].isdigit() or len(times[0]) > 12:
        raise BadWebhook("signature_without_time")
    if not 1 <= len(marks) <= MOST_MARKS:
        raise BadWebhook("header_without_signature")
    return int(times[0]), marks
