"""For the platform's team: templates, and executions that failed."""

from __future__ import annotations

from typing import Any

from chassis.http.auth import Caller
from chassis.http.idempotency import Answer, IdempotencyKey, once
from chassis.storage.database import Transaction
from contracts_schema.events.identity import PlatformRole
from fastapi import APIRouter, Request

from contracts import store
from contracts.api.problems import documented
from contracts.api.shapes import (
    ContractInPath,
    ContractOut,
    TemplateIn,
    TemplateList,
    TemplateOut,
    full,
    template,
)
from contracts.handlers import executing, templating

router = APIRouter(prefix="/v1/admin", tags=["admin"])


@router.get(
    "/contract-templates", response_model=TemplateList, responses=documented(401, 403, 422, 503)
)
async def list_templates(request: Request, caller: Caller) -> TemplateList:
    """List the versions of the contract's template."""
    caller.require(role=PlatformRole.ADMIN)
    found = await store.all_templates(request.app.state.database)
    return TemplateList(data=[template(one) for one in found])


@router.post(
    "/contract-templates",
    status_code=201,
    response_model=TemplateOut,
    responses=documented(400, 401, 403, 422, 503),
)
async def publish_template(
    request: Request, caller: Caller, body: TemplateIn, key: IdempotencyKey = None
) -> Any:
    """Publish a new template; it is tried on a sample first and is active at once."""
    state = request.app.state
    policy = state.settings.policy()
    await templating.try_out(state.typesetter, policy, state.clock, caller, body.source)

    async def work(tx: Transaction) -> Answer:
        return 201, template(await templating.publish(tx, caller, body.source, body.note))

    return await once(request, caller, key, work)


@router.post(
    "/contracts/{contract_id}/execute",
    status_code=202,
    response_model=ContractOut,
    responses=documented(400, 401, 403, 404, 409, 422, 503),
)
async def execute_again(
    request: Request, caller: Caller, contract_id: ContractInPath, key: IdempotencyKey = None
) -> Any:
    """Run the execution of a contract again that has failed three times."""

    async def work(tx: Transaction) -> Answer:
        return 202, full(await executing.retry(tx, caller, contract_id))

    return await once(request, caller, key, work)
