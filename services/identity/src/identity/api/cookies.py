"""Two cookies: one binds a login to its browser, one continues a session. Scripts read neither."""

from __future__ import annotations

from typing import TypedDict

from fastapi import Request, Response

from identity.domain.oauth_state import LIFETIME, RoundTrip
from identity.domain.secret import digest
from identity.domain.session import REFRESH_LIFE
from identity.settings import Settings

REFRESH = "holdfast_refresh"
_REFRESH_PATH = "/v1/auth"


class _Flags(TypedDict):
    secure: bool
    httponly: bool


def bind(request: Request, response: Response, trip: RoundTrip) -> None:
    """Let only this browser finish the round trip; several may be under way at once."""
    response.set_cookie(
        _name(request, trip.state),
        trip.browser,
        max_age=int(LIFETIME.total_seconds()),
        samesite="lax",
        **_flags(request),
    )


def bound(request: Request, state: str) -> str:
    """What this browser was given for the round trip; empty if nothing."""
    return request.cookies.get(_name(request, state), "")[:100]


def unbind(request: Request, response: Response, state: str) -> None:
    """Forget the round trip in the browser."""
    response.delete_cookie(_name(request, state), path="/", **_flags(request))


def keep_refresh(request: Request, response: Response, refresh_token: str) -> None:
    """Let the browser continue the session; other sites cannot make it."""
    response.set_cookie(
        REFRESH,
        refresh_token,
        max_age=int(REFRESH_LIFE.total_seconds()),
        path=_REFRESH_PATH,
        samesite="strict",
        **_flags(request),
    )


def drop_refresh(response: Response) -> None:
    """Forget the session in the browser."""
    response.delete_cookie(REFRESH, path=_REFRESH_PATH)


def _name(request: Request, state: str) -> str:
    """Where HTTPS is, a name that no other host, and no page by HTTP, can set."""
    prefix = "__Host-" if _flags(request)["secure"] else ""
    return f"{prefix}holdfast_oauth_{digest(state)[:12]}"


def _flags(request: Request) -> _Flags:
    settings: Settings = request.app.state.settings
    return {"secure": settings.secure_cookies, "httponly": True}
