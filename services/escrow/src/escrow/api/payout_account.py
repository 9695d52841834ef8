"""How a seller comes to be paid."""

from __future__ import annotations

from typing import Annotated

from chassis.http.auth import Caller, LiveCaller
from chassis.http.documented import documented
from chassis.http.idempotency import cause_of
from chassis.http.routes import Router
from chassis.texts import texts_of
from contracts_schema.terms import Rail
from fastapi import Query, Request, Response

from escrow.api.schemas.provider import LinkOut, PayoutAccountOut
from escrow.domain.errors import RailNotEnabled
from escrow.handlers import payout_account
from escrow.ports import Rails
from escrow.store import payout_account as payout_accounts

router = Router(tags=["payout accounts"])

TEXTS = texts_of("escrow")
OnRail = Annotated[
    Rail | None, Query(description="How one is paid; without it, by the first that is configured")
]


@router.post(
    "/v1/payout-accounts/onboarding-link",
    status_code=201,
    response_model=LinkOut,
    responses=documented(401, 403, 409, 422, 502, 503),
)
async def create_onboarding_link(
    request: Request, response: Response, caller: LiveCaller, rail: OnRail = None
) -> LinkOut:
    """Get the provider's page where I say who I am and where I am paid; single use."""
    state, cause = request.app.state, cause_of(request, caller)
    chosen = _configured(state.rails, rail)
    url = await payout_account.link(state.database, state.rails, caller, chosen, cause)
    response.headers["Cache-Control"] = "no-store"
    return LinkOut(url=url)


@router.get(
    "/v1/payout-accounts/me",
    response_model=PayoutAccountOut,
    responses=documented(401, 403, 409, 422, 503),
)
async def read_payout_account(
    request: Request, caller: Caller, rail: OnRail = None
) -> PayoutAccountOut:
    """See whether I can be paid."""
    caller.require()
    chosen = _configured(request.app.state.rails, rail)
    account = await payout_accounts.find(request.app.state.database, caller.user_id, chosen)
    begun, ready = account is not None, account is not None and account.ready
    next_step = "" if ready else TEXTS.text(f"payout_account.{'finish' if begun else 'set_up'}")
    return PayoutAccountOut(rail=chosen, begun=begun, ready=ready, next_action=next_step)


def _configured(rails: Rails, asked: Rail | None) -> Rail:
    """The rail that is asked for, or the first one that is configured."""
    if asked is not None and asked not in rails:
        raise RailNotEnabled(asked=asked, enabled=", ".join(sorted(rails)))
    return asked or next(iter(rails))
