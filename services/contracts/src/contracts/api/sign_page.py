"""The page behind a signing link.

Reading it changes nothing; the one-use secret in its address stands against forged requests, and
the page loads and leaks nothing.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

from chassis import principals
from chassis.cause import Cause
from chassis.principals import Principal
from chassis.problems import Problem, as_problem
from chassis.storage.database import Database, Transaction
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from contracts.api.contracts import address_of, agent_of
from contracts.api.problems import RULES
from contracts.domain.contract import Contract, Method, Signing
from contracts.handlers import signing
from contracts.handlers.signing import Opened
from contracts.pages import Pages

LARGEST_FORM = 2000

router = APIRouter(include_in_schema=False)


@router.get("/sign/{token}")
async def show(request: Request, token: str) -> HTMLResponse:
    """The terms in plain words, and the form to sign them."""
    pages: Pages = request.app.state.pages
    try:
        opened = await signing.open_link(request.app.state.database, token)
        opened.contract.check_may_sign(opened.link.user_id, request.app.state.clock.now())
    except Exception as error:
        return _refused(pages, error)
    return _page(pages, pages.form(opened.contract, opened.link.user_id))


@router.post("/sign/{token}")
async def submit(request: Request, token: str) -> HTMLResponse:
    """Sign, and use the link up; a wrong phrase leaves both as they were."""
    pages: Pages = request.app.state.pages
    database: Database = request.app.state.database
    try:
        phrase, seen_terms = await _form(request)
        opened = await signing.open_link(database, token)
    except Exception as error:
        return _refused(pages, error)
    try:
        contract = await _sign(request, opened, phrase, seen_terms)
    except Exception as error:
        problem = as_problem(error, RULES)
        if problem is not None and problem.code == "wrong_phrase":
            body = pages.form(opened.contract, opened.link.user_id, problem)
            return _page(pages, body, problem.status)
        return _refused(pages, error)
    return _page(pages, pages.done(contract))


async def _sign(request: Request, opened: Opened, phrase: str, seen_terms: str) -> Contract:
    database: Database = request.app.state.database
    link = opened.link
    signer = await principals.by_user_id(database, link.user_id) or Principal(link.user_id)
    wish = Signing(
        phrase=phrase,
        method=Method.WEB,
        request_id=str(request.scope.get("request_id", "")),
        seen_terms=seen_terms,
        ip=address_of(request),
        user_agent=agent_of(request),
    )

    async def work(tx: Transaction) -> Contract:
        return await signing.sign_by_link(tx, signer, link, wish)

    return await database.run(work, Cause(wish.request_id, "", link.user_id))


async def _form(request: Request) -> tuple[str, str]:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_FORM:
            raise Problem(413, "body_too_large", "The form is larger than this page makes it.")
    fields = dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=10))
    return fields.get("phrase", ""), fields.get("terms_sha256", "")


def _refused(pages: Pages, error: Exception) -> HTMLResponse:
    problem = as_problem(error, RULES)
    if problem is None:
        raise error
    return _page(pages, pages.refused(problem), problem.status)


def _page(pages: Pages, html: str, status: int = 200) -> HTMLResponse:
    policy = (
        f"default-src 'none'; style-src '{pages.style_hash}'; form-action 'self';"
        " frame-ancestors 'none'; base-uri 'none'"
    )
    headers = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex",
    }
    return HTMLResponse(html, status, headers=headers)
