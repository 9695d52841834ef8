"""HTTP in, to a handler: REST, and the routes that a browser goes through."""

from __future__ import annotations

from chassis.http import proposals

from identity.api import account, api_key, home, link, login, schema, session, terms, token, user
from identity.api.problems import RULES

ROUTERS = (
    login.router,
    session.router,
    user.router,
    user.admin,
    api_key.router,
    link.router,
    account.router,
    token.router,
    home.router,
    terms.router,
    proposals.router("identity"),
    schema.router,
)

__all__ = ["ROUTERS", "RULES"]
