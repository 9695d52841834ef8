"""A person's contracts: list them, read one, fetch its document, and check a document."""

from __future__ import annotations

from typing import Annotated

from chassis.http.auth import Caller
from chassis.http.bodies import takes
from chassis.http.documented import documented
from chassis.http.lists import Cursors, Page, Position
from chassis.http.preconditions import etag
from chassis.http.routes import Router
from chassis.problems import Problem
from contracts_schema.terms import sha256_hex
from fastapi import Query, Request, Response

from contracts import handlers, store
from contracts.api.schemas import (
    ContractInPath,
    ContractOut,
    ContractPage,
    ContractsAsked,
    CopyAsked,
    Verification,
    contract_out,
    contract_summary,
    verification,
)
from contracts.domain.contract import Contract
from contracts.domain.document import Copy

LARGEST_PDF = 16 * 1024 * 1024
PDF = {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}

router = Router(tags=["contracts"])


@router.get("/v1/contracts", response_model=ContractPage, responses=documented(401, 403, 422, 503))
async def list_contracts(
    request: Request,
    response: Response,
    caller: Caller,
    asked: Annotated[ContractsAsked, Query()],
) -> ContractPage:
    """List my contracts, newest first."""
    cursors: Cursors = request.app.state.cursors
    filters = {"user": caller.user_id, "state": asked.state}
    after = cursors.read(asked.cursor, filters)
    found = await store.contract.of_person(
        request.app.state.database, caller.user_id, asked.state, after, asked.rows
    )
    shown, following = cursors.cut(response, request, asked, found, Page(filters, _position))
    now = request.app.state.clock.now()
    data = [contract_summary(each, caller.user_id, now) for each in shown]
    return ContractPage(data=data, next_cursor=following)


@router.post(
    "/v1/contracts/verify",
    response_model=Verification,
    responses=documented(413, 422),
    openapi_extra={"requestBody": {"required": True, "content": PDF}},
)
@takes(LARGEST_PDF)
async def verify(request: Request) -> Verification:
    """Tell whether a PDF is, byte for byte, a contract made here: its text or its executed copy."""
    content = await request.body()
    if not content.startswith(b"%PDF-"):
        raise Problem(422, "not_a_pdf", wording="contracts.not_a_pdf")
    sha256 = sha256_hex(content)
    return verification(
        sha256, await store.contract.find_by_pdf(request.app.state.database, sha256)
    )


@router.get(
    "/v1/contracts/{contract_id}",
    response_model=ContractOut,
    responses=documented(401, 403, 404, 422, 503),
)
async def read_contract(
    request: Request, response: Response, caller: Caller, contract_id: ContractInPath
) -> ContractOut:
    """Read a contract of mine: terms, hashes, signatures, whose turn it is, and what I may do."""
    contract = await handlers.contract.read(request.app.state.database, caller, contract_id)
    response.headers["ETag"] = etag(contract.version)
    return contract_out(contract, caller.user_id, request.app.state.clock.now())


@router.get(
    "/v1/contracts/{contract_id}/pdf",
    response_class=Response,
    responses=documented(401, 403, 404, 422, 503) | {200: {"content": PDF}},
)
async def read_pdf(
    request: Request, caller: Caller, contract_id: ContractInPath, copy: CopyAsked = Copy.SIGNED
) -> Response:
    """Fetch the PDF exactly as it is signed, or the executed copy; its hash is checked."""
    state = request.app.state
    sha256, pdf = await handlers.contract.read_document(
        state.database, state.archive, caller, contract_id, copy
    )
    headers = {
        "Content-Disposition": f'inline; filename="{contract_id}.pdf"',
        "ETag": f'"{sha256}"',
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(pdf, media_type="application/pdf", headers=headers)


def _position(contract: Contract) -> Position:
    return contract.created_at, contract.contract_id
