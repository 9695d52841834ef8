"""Stripe's webhook signature, checked on the raw bytes and on both sides of our own time.

The library's own check lets future timestamps pass, and a tolerance of 0 switches it off; so the
check is ours: https://docs.stripe.com/webhooks#verify-manually.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import datetime

from escrow.ports import ForgedWebhook, WebhooksOff

TOLERANCE_S = 300


def check(body: bytes, header: str, secrets: Sequence[str], now: datetime) -> None:
    """Return if one of the secrets signed these bytes within five minutes of now.

    Raises ForgedWebhook otherwise, and WebhooksOff where there is no secret to believe in.
    """
    if not secrets:
        raise WebhooksOff("no webhook secret is configured")
    pairs = [part.strip().partition("=") for part in header.split(",")]
    times = [value for name, _, value in pairs if name == "t"]
    signatures = [value for name, _, value in pairs if name == "v1"]
    if len(times) != 1 or not signatures or not re.fullmatch(r"[0-9]{1,12}", times[0]):
        raise ForgedWebhook("the signature header is not one of Stripe's")
    if abs(now.timestamp() - int(times[0])) > TOLERANCE_S:
        raise ForgedWebhook("the signature's time is too far from ours")
    signed = times[0].encode() + b"." + body
    for secret in secrets:
        expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
        if any(hmac.compare_digest(expected, given) for given in signatures if given.isascii()):
            return
    raise ForgedWebhook("no secret of ours signed this")
