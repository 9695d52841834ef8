"""Secrets handed out, and the hashes that are kept in their place."""

from __future__ import annotations

import base64
import hashlib
import secrets

API_KEY_PREFIX = "hfk_"
REFRESH_PREFIX = "hfr_"


def url_token() -> str:
    """A new secret of 256 bits for a URL: 43 characters."""
    return secrets.token_urlsafe(32)


def prefixed(prefix: str) -> str:
    """A new secret of 256 bits that begins with what it is."""
    return prefix + secrets.token_hex(32)


def digest(secret: str) -> str:
    """What is stored and looked up: enough to know the secret again, not to tell it."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def challenge(verifier: str) -> str:
    """The PKCE challenge of a verifier (RFC 7636, S256)."""
    hashed = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(hashed).decode().rstrip("=")
