"""For administrators: run an execution again that has failed."""

from __future__ import annotations

from chassis.http.auth import LiveCaller
from chassis.http.documented import documented
from chassis.http.idempotency import Answer, IdempotencyKey, once
from chassis.http.routes import Router
from chassis.storage.database import Transaction
from fastapi import Request, Response

from contracts import handlers
from contracts.api.schemas import ContractInPath, ContractOut, contract_out

router = Router(prefix="/v1/admin", tags=["admin"])


@router.post(
    "/contracts/{contract_id}/execute",
    status_code=202,
    response_model=ContractOut,
    responses=documented(400, 401, 403, 404, 409, 422, 503),
)
async def execute_again(
    request: Request, caller: LiveCaller, contract_id: ContractInPath, key: IdempotencyKey = None
) -> Response:
    """Run the execution of a contract again that has failed three times."""

    async def work(tx: Transaction) -> Answer:
        contract = await handlers.execution.retry(tx, caller, contract_id)
        return 202, contract_out(contract, caller.user_id, tx.now())

    return await once(request, caller, key, work)
