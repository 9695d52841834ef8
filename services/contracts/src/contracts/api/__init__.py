"""HTTP in: routes for people, for the platform's team, and the page that signs."""

from contracts.api import admin, contracts, sign_page
from contracts.api.problems import RULES

ROUTERS = (contracts.router, admin.router, sign_page.router)

__all__ = ["ROUTERS", "RULES"]
