"""HTTP in; handlers decide, domain errors become problems."""

from chassis.http import proposals

from escrow.api import admin, delivery, escrow, ledger, outcome, payment, payout_account, webhook
from escrow.api.problems import RULES

ROUTERS = (
    *(escrow.router, payment.router, delivery.router, outcome.router),
    *(payout_account.router, webhook.router, ledger.router, admin.router),
    proposals.router("escrow"),
)

__all__ = ["ROUTERS", "RULES"]
