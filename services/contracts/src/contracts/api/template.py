"""For administrators: the versions of the contract's template."""

from __future__ import annotations

from chassis.http.auth import LiveCaller
from chassis.http.bodies import takes
from chassis.http.documented import documented
from chassis.http.idempotency import Answer, IdempotencyKey, once
from chassis.http.proposals import PROPOSED, ProposalOut, proposed
from chassis.http.routes import Router
from chassis.storage.database import Transaction
from contracts_schema.events.identity import PlatformRole
from fastapi import Request, Response

from contracts import handlers, store
from contracts.api.schemas import TemplateIn, TemplateList, template_out

LARGEST_TEMPLATE = 512 * 1024

router = Router(prefix="/v1/admin", tags=["admin"])


@router.get(
    "/contract-templates", response_model=TemplateList, responses=documented(401, 403, 422, 503)
)
async def list_templates(request: Request, caller: LiveCaller) -> TemplateList:
    """List the versions of the contract's template."""
    caller.require(role=PlatformRole.ADMIN)
    found = await store.template.every(request.app.state.database)
    return TemplateList(data=[template_out(each) for each in found])


@router.post(
    "/contract-templates",
    status_code=202,
    response_model=ProposalOut,
    responses=PROPOSED | documented(400, 401, 403, 409, 422, 503),
)
@takes(LARGEST_TEMPLATE)
async def propose_template(
    request: Request, caller: LiveCaller, body: TemplateIn, key: IdempotencyKey = None
) -> Response:
    """Propose a new template; it is tried on a sample, and active once another approves it."""
    state = request.app.state
    policy = state.settings.policy()
    await handlers.template.try_out(state.typesetter, policy, state.clock, caller, body.source)

    async def work(tx: Transaction) -> Answer:
        return proposed(
            await handlers.proposal.propose_template(tx, caller, body.source, body.note)
        )

    return await once(request, caller, key, work)
