"""Signing links, and the page behind one.

Reading the page changes nothing; the one-use secret in its address protects against forged
requests, and the page loads and leaks nothing.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

from chassis import principals
from chassis.cause import Cause
from chassis.http.auth import LiveCaller
from chassis.http.bodies import takes
from chassis.http.documented import documented
from chassis.http.idempotency import cause_of
from chassis.http.routes import Router
from chassis.principals import Principal
from chassis.problems import Problem, as_problem
from chassis.storage.database import Database, Transaction
from fastapi import Request, Response
from fastapi.responses import HTMLResponse

from contracts import handlers
from contracts.api.problems import RULES
from contracts.api.schemas import ContractInPath, SigningLinkOut
from contracts.api.signature import evidence_of
from contracts.domain.contract import Contract
from contracts.domain.errors import WrongPhrase
from contracts.domain.signature import Method, Signing
from contracts.domain.signing_link import SigningLink
from contracts.pages import signing_link as page

LARGEST_FORM = 2000

router = Router()


@router.post(
    "/v1/contracts/{contract_id}/signing-links",
    status_code=201,
    response_model=SigningLinkOut,
    responses=documented(401, 403, 404, 409, 422, 503),
    tags=["contracts"],
)
async def create_signing_link(
    request: Request, response: Response, caller: LiveCaller, contract_id: ContractInPath
) -> SigningLinkOut:
    """Get a link to sign on the web: 15 minutes, one use, and it ends an earlier one.

    Not repeatable by Idempotency-Key: that would keep the link's secret.
    """

    async def work(tx: Transaction) -> tuple[SigningLink, str]:
        return await handlers.signing_link.create_with_secret(tx, caller, contract_id)

    link, secret = await request.app.state.database.run(work, cause_of(request, caller))
    response.headers["Cache-Control"] = "no-store"
    url = f"{request.app.state.settings.public_base_url.rstrip('/')}/sign/{secret}"
    return SigningLinkOut(url=url, link_id=link.link_id, expires_at=link.expires_at)


@router.get("/sign/{token}", include_in_schema=False)
async def show(request: Request, token: str) -> HTMLResponse:
    """The terms in plain words, and the form to sign them."""
    try:
        opened = await handlers.signing_link.open_link(request.app.state.database, token)
        now = request.app.state.clock.now()
        side = opened.contract.check_may_sign(opened.link.user_id, now)
    except Exception as error:
        return page.refused(_problem(error))
    return page.form(opened.contract, side)


@router.post("/sign/{token}", include_in_schema=False)
@takes(LARGEST_FORM)
async def submit(request: Request, token: str) -> HTMLResponse:
    """Sign, and use the link up; a wrong phrase leaves both as they were."""
    try:
        phrase, seen_terms = await _form(request)
        opened = await handlers.signing_link.open_link(request.app.state.database, token)
        signing = Signing(phrase, seen_terms, evidence_of(request, Method.WEB))
    except Exception as error:
        return page.refused(_problem(error))
    try:
        contract = await _sign(request.app.state.database, opened.link, signing)
    except WrongPhrase as error:
        side = opened.contract.side_of(opened.link.user_id)
        return page.form(opened.contract, side, _problem(error))
    except Exception as error:
        return page.refused(_problem(error))
    return page.done(contract)


async def _sign(database: Database, link: SigningLink, signing: Signing) -> Contract:
    signer = await principals.by_user_id(database, link.user_id) or Principal(link.user_id)

    async def work(tx: Transaction) -> Contract:
        return await handlers.signing_link.sign_by_link(tx, signer, link, signing)

    return await database.run(work, Cause(signing.evidence.request_id, "", link.user_id))


async def _form(request: Request) -> tuple[str, str]:
    body = await request.body()
    fields = dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=10))
    return fields.get("phrase", ""), fields.get("terms_sha256", "")


def _problem(error: Exception) -> Problem:
    """The refusal to show; what is none is a fault and is raised as one."""
    problem = as_problem(error, RULES)
    if problem is None:
        raise error
    return problem
