"""HTTP in; handlers decide, domain errors become problems."""

from escrow.api import admin, escrows, pages, payout_accounts, webhooks
from escrow.api.problems import RULES

ROUTERS = (pages.router, escrows.router, payout_accounts.router, webhooks.router, admin.router)

__all__ = ["ROUTERS", "RULES"]
