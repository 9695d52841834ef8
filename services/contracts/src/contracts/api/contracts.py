"""A person's contracts: read, sign, fetch the document, and check one."""

from __future__ import annotations

from typing import Annotated, Any

from chassis.http.auth import Caller
from chassis.http.idempotency import Answer, cause_of, once
from chassis.http.lists import Cursors
from chassis.http.preconditions import etag, require_version, seen_version
from chassis.problems import Problem
from chassis.storage.database import Transaction
from contracts_schema.terms import sha256_hex
from fastapi import APIRouter, Depends, Query, Request, Response

from contracts import store
from contracts.api.problems import documented
from contracts.api.shapes import (
    ContractInPath,
    ContractOut,
    ContractPage,
    Guards,
    PageWish,
    SignatureIn,
    SigningLink,
    Verdict,
    Verification,
    full,
    summary,
)
from contracts.domain.contract import Contract, Method, Signing
from contracts.handlers import reading, signing

LARGEST_PDF = 16 * 1024 * 1024
PDF = {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}

router = APIRouter(tags=["contracts"])


@router.get("/v1/contracts", response_model=ContractPage, responses=documented(401, 403, 422, 503))
async def list_contracts(
    request: Request,
    response: Response,
    caller: Caller,
    wish: Annotated[PageWish, Query()],
) -> ContractPage:
    """List my contracts, newest first."""
    cursors: Cursors = request.app.state.cursors
    state, limit = wish.state, wish.limit
    filters = {"user": caller.user_id, "state": state}
    after = cursors.read(wish.cursor, filters)
    found = await store.of_person(
        request.app.state.database, caller.user_id, state, after, limit + 1
    )
    following = None
    if len(found) > limit:
        last = found[limit - 1]
        following = cursors.write((last.created_at, last.contract_id), filters)
        more = f"cursor={following}&limit={limit}" + (f"&state={state}" if state else "")
        response.headers["Link"] = f'</v1/contracts?{more}>; rel="next"'
    return ContractPage(data=[summary(one) for one in found[:limit]], next_cursor=following)


@router.post(
    "/v1/contracts/verify",
    response_model=Verification,
    responses=documented(413, 422),
    openapi_extra={"requestBody": {"required": True, "content": PDF}},
)
async def verify(request: Request) -> Verification:
    """Tell whether a PDF is, byte for byte, a contract made here. Open to whoever holds one."""
    content = await _bounded(request)
    if not content.startswith(b"%PDF-"):
        raise Problem(
            422,
            "not_a_pdf",
            "The body does not begin like a PDF.",
            next_action="Send the file's bytes as the body, with Content-Type application/pdf.",
        )
    sha256 = sha256_hex(content)
    return _verification(sha256, await store.find_by_pdf(request.app.state.database, sha256))


@router.get(
    "/v1/contracts/{contract_id}",
    response_model=ContractOut,
    responses=documented(401, 403, 404, 422, 503),
)
async def read_contract(
    request: Request, response: Response, caller: Caller, contract_id: ContractInPath
) -> ContractOut:
    """Read a contract of mine: terms, hashes, signatures, and whose turn it is."""
    contract = await reading.contract_for(request.app.state.database, caller, contract_id)
    response.headers["ETag"] = etag(contract.version)
    return full(contract)


@router.get(
    "/v1/contracts/{contract_id}/pdf",
    response_class=Response,
    responses=documented(401, 403, 404, 422, 503) | {200: {"content": PDF}},
)
async def read_pdf(request: Request, caller: Caller, contract_id: ContractInPath) -> Response:
    """Fetch the PDF exactly as it is signed; its hash is checked on the way out."""
    state = request.app.state
    contract, pdf = await reading.document_for(state.database, state.archive, caller, contract_id)
    headers = {
        "Content-Disposition": f'inline; filename="{contract_id}.pdf"',
        "ETag": f'"{contract.pdf_sha256}"',
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(pdf, media_type="application/pdf", headers=headers)


@router.post(
    "/v1/contracts/{contract_id}/signatures",
    status_code=201,
    response_model=ContractOut,
    responses=documented(400, 401, 403, 404, 409, 412, 422, 503),
)
async def sign(
    request: Request,
    caller: Caller,
    contract_id: ContractInPath,
    body: SignatureIn,
    guards: Annotated[Guards, Depends()],
) -> Any:
    """Sign a contract of mine, by the words I AGREE."""
    seen = seen_version(guards.if_match)
    wish = Signing(
        phrase=body.phrase,
        method=Method.REST,
        request_id=cause_of(request, caller).correlation_id,
        seen_terms=body.terms_sha256,
        ip=address_of(request),
        user_agent=agent_of(request),
    )

    async def work(tx: Transaction) -> Answer:
        if seen is not None:
            contract = await store.lock(tx, contract_id)
            if contract is not None:
                contract.side_of(caller.user_id)
                require_version(seen, contract.version)
        return 201, full(await signing.sign(tx, caller, contract_id, wish))

    return await once(request, caller, guards.key, work)


@router.post(
    "/v1/contracts/{contract_id}/signing-links",
    status_code=201,
    response_model=SigningLink,
    responses=documented(401, 403, 404, 409, 422, 503),
)
async def create_signing_link(
    request: Request, response: Response, caller: Caller, contract_id: ContractInPath
) -> SigningLink:
    """Get a link to sign on the web: 15 minutes, one use, and it ends an earlier one.

    Not repeatable by Idempotency-Key: that would keep the link's secret.
    """

    async def work(tx: Transaction) -> tuple[store.Link, str]:
        return await signing.make_link(tx, caller, contract_id)

    link, token = await request.app.state.database.run(work, cause_of(request, caller))
    response.headers["Cache-Control"] = "no-store"
    url = f"{request.app.state.settings.public_base_url.rstrip('/')}/sign/{token}"
    return SigningLink(url=url, link_id=link.link_id, expires_at=link.expires_at)


def address_of(request: Request) -> str:
    """From where a signature came."""
    return (request.client.host if request.client else "")[:64]


def agent_of(request: Request) -> str:
    """With what program a signature was made, as it says itself."""
    return request.headers.get("user-agent", "").replace("\x00", "")[:400]


async def _bounded(request: Request) -> bytes:
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > LARGEST_PDF:
            raise Problem(
                413,
                "body_too_large",
                f"The body has more than {LARGEST_PDF} bytes; no contract is that large.",
                next_action="Send the PDF of one contract.",
            )
    return bytes(content)


def _verification(sha256: str, contract: Contract | None) -> Verification:
    if contract is None:
        return Verification(
            verdict=Verdict.UNKNOWN,
            pdf_sha256=sha256,
            explanation="No contract made here has these bytes; one changed byte is enough.",
        )
    return Verification(
        verdict=Verdict.GENUINE,
        pdf_sha256=sha256,
        explanation=f"These are the bytes of this contract. {contract.what_is_next()}",
        contract_id=contract.contract_id,
        state=contract.state,
        terms_sha256=contract.terms_sha256,
        executed_at=contract.executed_at,
    )
