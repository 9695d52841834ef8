"""The books of OAuth: approvals, one-minute codes, and the tokens issued from them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sandbox.keeping import Keeper, Kept, Table

CODE_LIFE = timedelta(minutes=1)
ACCESS_LIFE = timedelta(minutes=15)
REFRESH_LIFE = timedelta(days=180)


class OAuthError(Exception):
    """A refusal in OAuth's own words: an error code, a description and an HTTP status."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status


class TokenKind(StrEnum):
    """The two kinds of token that stay in the books; the prefix marks the kind."""

    ACCESS = "AT"
    REFRESH = "RT"


@dataclass(frozen=True, slots=True)
class Consent:
    """What one person approved for one client."""

    client_id: str
    redirect_uri: str
    user_id: int
    scopes: tuple[str, ...]
    challenge: str
    nonce: str | None


@dataclass(slots=True)
class Grant(Kept):
    """One approval and its code; revoking it ends every token issued from it."""

    code: str
    consent: Consent
    code_expires: datetime
    redeemed: bool = False
    revoked: bool = False


@dataclass(slots=True)
class Token(Kept):
    """One issued token; a refresh token is spent by its first use."""

    value: str
    kind: TokenKind
    grant: Grant
    issued: datetime
    expires: datetime
    spent: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    """What one successful call of the token endpoint issues."""

    access: Token
    refresh: Token


def s256(verifier: str) -> str:
    """The PKCE challenge of a verifier (RFC 7636, S256)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


class GrantBook:
    """Issues and remembers; a code or a refresh token that returns ends its whole grant."""

    def __init__(self, now: Callable[[], datetime], keeper: Keeper) -> None:
        self._now = now
        codes: Table[str, Grant] = keeper.table(
            "roblox codes", Grant.told, lambda kept: Grant(**kept)
        )
        self._codes = codes
        self._tokens: Table[str, Token] = keeper.table(
            "roblox tokens",
            lambda token: {**token.told(), "grant": token.grant.code},
            lambda kept: Token(**{**kept, "grant": codes[kept["grant"]]}),
        )

    def approve(self, consent: Consent) -> str:
        """Record an approval and return its code."""
        code = secrets.token_urlsafe(32)
        self._codes[code] = Grant(code, consent, self._now() + CODE_LIFE)
        return code

    def redeem(self, client_id: str, code: str, verifier: str, redirect_uri: str | None) -> Pair:
        """Exchange a code for tokens, once, for the client and the verifier it belongs to."""
        grant = self._codes.get(code)
        if grant is None or grant.consent.client_id != client_id:
            raise OAuthError("invalid_grant", "The authorization code is unknown.")
        if grant.redeemed:
            grant.revoked = True
            raise OAuthError("invalid_grant", "The authorization code was already used.")
        if self._now() >= grant.code_expires:
            raise OAuthError("invalid_grant", "The authorization code has expired.")
        if redirect_uri is not None and redirect_uri != grant.consent.redirect_uri:
            raise OAuthError("invalid_grant", "redirect_uri is not the one that was authorized.")
        if not hmac.compare_digest(s256(verifier), grant.consent.challenge):
            raise OAuthError("invalid_grant", "code_verifier does not match the code_challenge.")
        grant.redeemed = True
        return self._issue(grant)

    def refresh(self, client_id: str, value: str) -> Pair:
        """Exchange a refresh token for a new pair; the old one is spent."""
        token = self._tokens.get(value)
        if token is None or token.kind is not TokenKind.REFRESH or not _of(token, client_id):
            raise OAuthError("invalid_grant", "The refresh token is unknown.")
        if token.spent:
            token.grant.revoked = True
            raise OAuthError("invalid_grant", "The refresh token was already used.")
        if token.grant.revoked or self._now() >= token.expires:
            raise OAuthError("invalid_grant", "The refresh token is revoked or expired.")
        token.spent = True
        return self._issue(token.grant)

    def revoke(self, client_id: str, value: str) -> None:
        """End the grant a token belongs to; an unknown token is no error (RFC 7009)."""
        token = self._tokens.get(value)
        if token is not None and _of(token, client_id):
            token.grant.revoked = True

    def access(self, value: str) -> Token | None:
        """The access token of this value, if it may be used now."""
        token = self._tokens.get(value)
        if token is None or token.kind is not TokenKind.ACCESS or token.grant.revoked:
            return None
        return token if self._now() < token.expires else None

    def active(self, client_id: str, value: str) -> Token | None:
        """The token as introspection sees it."""
        token = self._tokens.get(value)
        if token is None or not _of(token, client_id) or self._now() >= token.expires:
            return None
        # Roblox documents that a revoked access token still introspects as active
        # until its lifetime ends; a client must not take introspection for consent.
        if token.kind is TokenKind.REFRESH and (token.spent or token.grant.revoked):
            return None
        return token

    def _issue(self, grant: Grant) -> Pair:
        return Pair(
            self._token(TokenKind.ACCESS, grant, ACCESS_LIFE),
            self._token(TokenKind.REFRESH, grant, REFRESH_LIFE),
        )

    def _token(self, kind: TokenKind, grant: Grant, life: timedelta) -> Token:
        now = self._now()
        value = f"{kind}.{secrets.token_urlsafe(32)}"
        self._tokens[value] = Token(value, kind, grant, now, now + life)
        return self._tokens[value]


def _of(token: Token, client_id: str) -> bool:
    return token.grant.consent.client_id == client_id
