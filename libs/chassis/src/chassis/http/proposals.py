"""Proposals over REST, alike in every service: list, read, approve, reject."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from contracts_schema.events.identity import PlatformRole
from fastapi import Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from chassis import proposals
from chassis.http.auth import LiveCaller
from chassis.http.documented import documented
from chassis.http.idempotency import Answer, IdempotencyKey, once, required
from chassis.http.lists import Asked, Cursors, Page
from chassis.http.routes import Router
from chassis.problems import not_found
from chassis.proposals import Kinds
from chassis.storage import proposals as store
from chassis.storage.database import Transaction
from chassis.storage.proposals import Proposal, ProposalState

ProposalId = Annotated[str, Path(pattern=r"^ppl_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", strip_whitespace=True)]


class ProposalSummary(BaseModel):
    """A proposal in a list."""

    model_config = ConfigDict(from_attributes=True)

    proposal_id: str
    kind: str
    subject_id: str
    reason: str
    proposed_by: str
    proposed_at: datetime
    expires_at: datetime
    state: ProposalState
    decided_by: str | None
    decided_at: datetime | None


class ProposalOut(ProposalSummary):
    """A proposal, with exactly what it does and the hash that an approval names."""

    seen: int
    does: dict[str, Any]
    sha256: str


class ProposalPage(BaseModel):
    """A page of proposals, newest first."""

    data: list[ProposalSummary]
    next_cursor: str | None


class ApprovalIn(BaseModel):
    """Which proposal was seen: its hash."""

    model_config = ConfigDict(extra="forbid")

    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class RejectionIn(BaseModel):
    """Why it is not to be done."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[Text, Field(min_length=3, max_length=500)]


PROPOSED: dict[int | str, dict[str, Any]] = {
    202: {"model": ProposalOut, "description": "Proposed: another administrator has to approve."}
}
"""What ``responses=`` of a route takes that proposes."""


def router(service: str) -> Router:
    """The routes of the proposals of this service, whose kinds are on ``app.state``."""
    made, root = Router(tags=["administration"]), f"/v1/admin/proposals/{service}"
    one, decision = f"{root}/{{proposal_id}}", documented(400, 401, 403, 404, 409, 422, 503)
    reading = documented(401, 403, 404, 422, 503)
    made.add_api_route(root, list_proposals, response_model=ProposalPage, responses=reading)
    made.add_api_route(one, read_proposal, response_model=ProposalOut, responses=reading)
    for verb, handler in (("approve", approve_proposal), ("reject", reject_proposal)):
        made.add_api_route(
            f"{one}/{verb}",
            handler,
            methods=["POST"],
            response_model=ProposalOut,
            responses=decision,
        )
    return made


def proposed(proposal: Proposal) -> Answer:
    """The answer of a route that proposes instead of doing."""
    return 202, ProposalOut.model_validate(proposal)


async def list_proposals(
    request: Request, response: Response, caller: LiveCaller, asked: Annotated[Asked, Query()]
) -> ProposalPage:
    """What administrators have proposed here, newest first."""
    caller.require(role=PlatformRole.ADMIN)
    cursors: Cursors = request.app.state.cursors
    page: Page[Proposal] = Page(
        {"list": "proposals"}, lambda one: (one.proposed_at, one.proposal_id)
    )
    after = cursors.read(asked.cursor, page.filters)
    found = await store.page(request.app.state.database, after, asked.rows)
    shown, following = cursors.cut(response, request, asked, found, page)
    data = [ProposalSummary.model_validate(each) for each in shown]
    return ProposalPage(data=data, next_cursor=following)


async def read_proposal(
    request: Request, caller: LiveCaller, proposal_id: ProposalId
) -> ProposalOut:
    """What exactly would be done, and the hash to approve it by."""
    caller.require(role=PlatformRole.ADMIN)
    found = await store.find(request.app.state.database, proposal_id)
    if found is None:
        raise not_found("proposal", proposal_id)
    return ProposalOut.model_validate(found)


async def approve_proposal(
    request: Request,
    caller: LiveCaller,
    proposal_id: ProposalId,
    body: ApprovalIn,
    key: IdempotencyKey = None,
) -> Response:
    """Do what somebody else proposed. Once, and as its hash says."""
    kinds: Kinds = request.app.state.proposals

    async def work(tx: Transaction) -> Answer:
        done = await proposals.approve(tx, caller, proposal_id, body.sha256, kinds)
        return 200, ProposalOut.model_validate(done)

    return await once(request, caller, required(key), work)


async def reject_proposal(
    request: Request,
    caller: LiveCaller,
    proposal_id: ProposalId,
    body: RejectionIn,
    key: IdempotencyKey = None,
) -> Response:
    """End a proposal without doing it."""

    async def work(tx: Transaction) -> Answer:
        rejected = await proposals.reject(tx, caller, proposal_id, body.reason)
        return 200, ProposalOut.model_validate(rejected)

    return await once(request, caller, required(key), work)
