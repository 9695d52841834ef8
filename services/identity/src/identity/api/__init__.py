"""REST and web pages of identity: HTTP in, a handler, HTTP out."""

from __future__ import annotations

from identity.api import admin, auth, internal, keys, linking, me
from identity.api.rules import RULES

ROUTERS = (auth.router, me.router, keys.router, admin.router, linking.router, internal.router)

__all__ = ["ROUTERS", "RULES"]
