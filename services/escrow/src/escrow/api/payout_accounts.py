"""How a seller comes to be paid."""

from __future__ import annotations

from chassis.http.auth import Caller, LiveCaller
from chassis.http.idempotency import cause_of
from contracts_schema.terms import Rail
from fastapi import APIRouter, Request, Response

from escrow.api.problems import documented
from escrow.api.shapes import LinkOut, PayoutAccountOut
from escrow.handlers import onboarding
from escrow.store import accounts

router = APIRouter(tags=["payout accounts"])

SET_UP = "Set up payouts: POST /v1/payout-accounts/onboarding-link."
FINISH = "Finish what the provider asks: POST /v1/payout-accounts/onboarding-link."


@router.post(
    "/v1/payout-accounts/onboarding-link",
    status_code=201,
    response_model=LinkOut,
    responses=documented(401, 403, 422, 502, 503),
)
async def create_onboarding_link(
    request: Request, response: Response, caller: LiveCaller
) -> LinkOut:
    """Get the provider's page where I say who I am and where I am paid; single use."""
    state, cause = request.app.state, cause_of(request, caller)
    url = await onboarding.link(state.database, state.rails, caller, Rail.STRIPE, cause)
    response.headers["Cache-Control"] = "no-store"
    return LinkOut(url=url)


@router.get(
    "/v1/payout-accounts/me",
    response_model=PayoutAccountOut,
    responses=documented(401, 403, 422, 503),
)
async def read_payout_account(request: Request, caller: Caller) -> PayoutAccountOut:
    """See whether I can be paid."""
    caller.require()
    account = await accounts.find(request.app.state.database, caller.user_id, Rail.STRIPE)
    begun, ready = account is not None, account is not None and account.ready
    next_action = "" if ready else FINISH if begun else SET_UP
    return PayoutAccountOut(rail=Rail.STRIPE, begun=begun, ready=ready, next_action=next_action)
