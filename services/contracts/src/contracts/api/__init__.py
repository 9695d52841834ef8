"""HTTP in: routes for people, for the platform's team, and the page that signs."""

from chassis.http import proposals

from contracts.api import contract, execution, seal, signature, signing_link, template
from contracts.api.problems import RULES

ROUTERS = (
    contract.router,
    signature.router,
    signing_link.router,
    template.router,
    execution.router,
    seal.router,
    proposals.router("contracts"),
)

__all__ = ["ROUTERS", "RULES"]
