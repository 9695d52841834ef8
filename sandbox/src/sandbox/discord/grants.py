"""OAuth2 grants: codes that live one minute and work once, tokens that can be refreshed."""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass

from sandbox.clock import Clock
from sandbox.discord.errors import Json
from sandbox.keeping import Keeper, Table

CODE_LIVES_S = 60.0
TOKEN_LIVES_S = 604_800


class GrantError(Exception):
    """A refusal of the token endpoint in OAuth2's words."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.status = status
        self.body: Json = {"error": error, "error_description": description}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person approved on the authorize page."""

    user_id: str
    redirect_uri: str
    scopes: frozenset[str]
    challenge: str | None
    asked_at: float


@dataclass(frozen=True, slots=True)
class Granted:
    """An access or refresh token's meaning."""

    user_id: str
    scopes: frozenset[str]
    until: float


class Grants:
    """All codes and tokens that were handed out."""

    def __init__(self, clock: Clock, keeper: Keeper) -> None:
        self._clock = clock
        self._codes: Table[str, Asked] = keeper.table("discord codes")
        self._from_code: Table[str, list[str]] = keeper.table("discord codes used")
        self._access: Table[str, Granted] = keeper.table("discord access")
        self._refresh: Table[str, Granted] = keeper.table("discord refresh")

    def approve(
        self, user_id: str, redirect_uri: str, scopes: frozenset[str], challenge: str | None
    ) -> str:
        """A code for what the person approved."""
        code = secrets.token_urlsafe(22)
        now = self._clock.time()
        self._codes[code] = Asked(user_id, redirect_uri, scopes, challenge, now)
        return code

    def exchange(self, code: str, redirect_uri: str, verifier: str | None) -> Json:
        """Tokens for a code; a code used twice also loses the tokens it gave."""
        asked = self._codes.pop(code, None)
        if asked is None:
            for token in self._from_code.pop(code, []):
                self._access.pop(token, None)
                self._refresh.pop(token, None)
            raise GrantError("invalid_grant", 'Invalid "code" in request.')
        if self._clock.time() - asked.asked_at > CODE_LIVES_S:
            raise GrantError("invalid_grant", 'Invalid "code" in request.')
        if asked.redirect_uri != redirect_uri:
            raise GrantError("invalid_grant", 'Invalid "redirect_uri" in request.')
        if not _proves(asked.challenge, verifier):
            raise GrantError("invalid_grant", 'Invalid "code_verifier" in request.')
        tokens = self._grant(asked.user_id, asked.scopes)
        self._from_code[code] = [tokens["access_token"], tokens["refresh_token"]]
        return tokens

    def refresh(self, token: str) -> Json:
        """New tokens for a refresh token, which is thereby used up."""
        granted = self._refresh.pop(token, None)
        if granted is None:
            raise GrantError("invalid_grant", 'Invalid "refresh_token" in request.')
        return self._grant(granted.user_id, granted.scopes)

    def revoke(self, token: str) -> None:
        """Forget a token."""
        self._access.pop(token, None)
        self._refresh.pop(token, None)

    def bearer(self, token: str) -> Granted | None:
        """What an access token still allows."""
        granted = self._access.get(token)
        if granted is None or granted.until < self._clock.time():
            return None
        return granted

    def _grant(self, user_id: str, scopes: frozenset[str]) -> Json:
        granted = Granted(user_id, scopes, self._clock.time() + TOKEN_LIVES_S)
        access, refresh = secrets.token_urlsafe(22), secrets.token_urlsafe(22)
        self._access[access] = self._refresh[refresh] = granted
        return {
            "token_type": "Bearer",
            "access_token": access,
            "expires_in": TOKEN_LIVES_S,
            "refresh_token": refresh,
            "scope": " ".join(sorted(scopes)),
        }


def _proves(challenge: str | None, verifier: str | None) -> bool:
    if challenge is None:
        return True
    digest = hashlib.sha256((verifier or "").encode("ascii", "replace")).digest()
    proof = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return hmac.compare_digest(proof, challenge)
