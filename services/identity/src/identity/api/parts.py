"""What routes take from the running app."""

from __future__ import annotations

from chassis.cause import Cause
from chassis.storage.database import Database
from fastapi import Request

from identity.domain.access import ACCESS_LIFE
from identity.domain.people import User
from identity.ports import LoginProvider
from identity.settings import Settings
from identity.tokens import Mint


def database(request: Request) -> Database:
    """The service's database."""
    found: Database = request.app.state.database
    return found


def settings(request: Request) -> Settings:
    """The service's settings."""
    found: Settings = request.app.state.settings
    return found


def mint(request: Request) -> Mint:
    """Who signs access tokens."""
    found: Mint = request.app.state.mint
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
    """What follows was begun by this request, made by a browser without a login."""
    return Cause(str(request.scope.get("request_id", "")), "", actor)


def access_token(request: Request, user: User, session_id: str) -> str:
    """An ordinary access token of this session."""
    now = database(request).clock.now()
    return mint(request).access_token(user, session_id, now, ACCESS_LIFE)
