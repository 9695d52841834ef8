"""What an administrator does only with another's approval: change the contract's template."""

from __future__ import annotations

from chassis import proposals
from chassis.principals import Principal
from chassis.proposals import Draft, require_seen
from chassis.storage.database import Transaction
from chassis.storage.proposals import Proposal
from contracts_schema.terms import sha256_hex

from contracts import store
from contracts.handlers import template

PUBLISH, TEMPLATE = "publish_template", "template"


async def propose_template(tx: Transaction, caller: Principal, source: str, note: str) -> Proposal:
    """Have another administrator approve a template that was tried on a sample."""
    active = await store.template.active_version(tx)
    does = {"source": source, "source_sha256": sha256_hex(source.encode()), "note": note}
    draft = Draft(PUBLISH, TEMPLATE, active, does, note)
    return await proposals.propose(tx, caller, draft, KINDS)


async def _publish(tx: Transaction, caller: Principal, proposal: Proposal) -> None:
    await store.template.lock(tx)
    require_seen(proposal, await store.template.active_version(tx))
    await template.publish(tx, caller, proposal.does["source"], proposal.does["note"])


KINDS: proposals.Kinds = {PUBLISH: _publish}
