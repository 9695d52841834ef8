"""Sign a contract of mine."""

from __future__ import annotations

from typing import Annotated

from chassis.http.auth import LiveCaller
from chassis.http.documented import documented
from chassis.http.idempotency import Answer, once
from chassis.http.preconditions import seen_version
from chassis.http.routes import Router
from chassis.storage.database import Transaction
from contracts_schema.commands.contracts import Sign
from fastapi import Depends, Request, Response

from contracts import handlers
from contracts.api.schemas import ContractInPath, ContractOut, Guards, SignatureIn, contract_out
from contracts.domain.signature import Evidence, Method

router = Router(tags=["contracts"])


@router.post(
    "/v1/contracts/{contract_id}/signatures",
    status_code=201,
    response_model=ContractOut,
    responses=documented(400, 401, 403, 404, 409, 412, 422, 503),
)
async def sign(
    request: Request,
    caller: LiveCaller,
    contract_id: ContractInPath,
    body: SignatureIn,
    guards: Annotated[Guards, Depends()],
) -> Response:
    """Sign a contract of mine, by the words I AGREE."""
    command = Sign(contract_id=contract_id, phrase=body.phrase, terms_sha256=body.terms_sha256)
    evidence, seen = evidence_of(request, Method.REST), seen_version(guards.if_match)

    async def work(tx: Transaction) -> Answer:
        contract = await handlers.signature.sign(
            tx, caller, command, evidence=evidence, seen_version=seen
        )
        return 201, contract_out(contract, caller.user_id, tx.now())

    return await once(request, caller, guards.key, work)


def evidence_of(request: Request, method: Method) -> Evidence:
    """From where and with what program a signature was made, as the request says itself."""
    return Evidence(
        method,
        request_id=str(request.scope.get("request_id", "")),
        ip=(request.client.host if request.client else "")[:64],
        user_agent=request.headers.get("user-agent", "").replace("\x00", "")[:400],
    )
