"""What routes take from the running app."""

from __future__ import annotations

from chassis.cause import Cause
from chassis.storage.database import Database
from fastapi import Request

from identity.adapters.token_issuer import TokenIssuer
from identity.domain.session import ACCESS_LIFE
from identity.domain.user import Joining, User
from identity.ports import LoginProvider
from identity.settings import Settings


def database(request: Request) -> Database:
    """The service's database."""
    found: Database = request.app.state.database
    return found


def settings(request: Request) -> Settings:
    """The service's settings."""
    found: Settings = request.app.state.settings
    return found


def token_issuer(request: Request) -> TokenIssuer:
    """Who signs access tokens."""
    found: TokenIssuer = request.app.state.token_issuer
    return found


def joining(request: Request) -> Joining:
    """The terms, and who becomes an administrator by joining."""
    found: Joining = request.app.state.joining
    return found


def roblox(request: Request) -> LoginProvider:
    """Where Roblox accounts prove themselves."""
    found: LoginProvider = request.app.state.roblox
    return found


def discord(request: Request) -> LoginProvider:
    """Where Discord accounts prove themselves."""
    found: LoginProvider = request.app.state.discord
    return found


def cause(request: Request, actor: str) -> Cause:
    """What follows was begun by this request, which came without a login."""
    return Cause(str(request.scope.get("request_id", "")), "", actor)


def access_token(request: Request, user: User, session_id: str) -> str:
    """An ordinary access token of this session."""
    now = database(request).clock.now()
    return token_issuer(request).access_token(user, session_id, now, ACCESS_LIFE)
