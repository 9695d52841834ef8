"""Drafts, contracts, their signatures and execution jobs: rows and what the domain works with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chassis.http.lists import Position
from chassis.storage.database import Database, Transaction
from contracts_schema.events.listings import Side

from contracts.domain.contract import Contract, Method, Signature, State
from contracts.domain.execution import Job, JobState


@dataclass(frozen=True, slots=True)
class Draft:
    """Frozen terms on their way to a contract: what the drafting job works from."""

    contract_id: str
    terms: str
    template_version: int
    drafted_at: datetime


Reader = Transaction | Database

_CONTRACT = (
    "contract_id, deal_id, listing_id, seller_id, buyer_id, terms, terms_sha256, pdf_sha256,"
    " template_version, created_at, sign_before, state, version, executed_at, void_reason"
)
_SIGNATURES = (
    "coalesce((SELECT json_agg(s ORDER BY s.signed_at, s.side) FROM signatures s"
    " WHERE s.contract_id = c.contract_id), '[]') AS signatures"
)


async def add_draft(tx: Transaction, draft: Draft) -> bool:
    """Note what is to be drafted; False if this contract is known already."""
    return bool(
        await tx.run(
            "INSERT INTO drafts (contract_id, terms, template_version, drafted_at)"
            " SELECT $1, $2, $3, $4 WHERE NOT EXISTS"
            " (SELECT FROM contracts WHERE contract_id = $1) ON CONFLICT DO NOTHING",
            draft.contract_id,
            draft.terms,
            draft.template_version,
            draft.drafted_at,
        )
    )


async def draft(database: Database, contract_id: str) -> Draft | None:
    """What is to be drafted, or None once it is done."""
    row = await database.row(
        "SELECT contract_id, terms, template_version, drafted_at FROM drafts"
        " WHERE contract_id = $1",
        contract_id,
    )
    return Draft(**dict(row)) if row else None


async def drop_draft(tx: Transaction, contract_id: str) -> bool:
    """Drafting is done; False if it was done before."""
    return bool(await tx.run("DELETE FROM drafts WHERE contract_id = $1", contract_id))


async def add(tx: Transaction, contract: Contract) -> bool:
    """Keep a new contract; False if the deal has one."""
    return bool(
        await tx.run(
            f"INSERT INTO contracts ({_CONTRACT}) VALUES"  # noqa: S608
            " ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"
            " ON CONFLICT DO NOTHING",
            *(contract.contract_id, contract.deal_id, contract.listing_id, contract.seller_id),
            *(contract.buyer_id, contract.terms_json, contract.terms_sha256),
            *(contract.pdf_sha256, contract.template_version, contract.created_at),
            *(contract.sign_before, contract.state, contract.version, contract.executed_at),
            contract.void_reason,
        )
    )


async def find(reader: Reader, contract_id: str) -> Contract | None:
    """The contract with its signatures."""
    return _one(
        await reader.row(
            f"SELECT {_CONTRACT}, {_SIGNATURES} FROM contracts c WHERE contract_id = $1",  # noqa: S608
            contract_id,
        )
    )


async def find_by_pdf(reader: Reader, pdf_sha256: str) -> Contract | None:
    """The contract whose document has this hash."""
    return _one(
        await reader.row(
            f"SELECT {_CONTRACT}, {_SIGNATURES} FROM contracts c WHERE pdf_sha256 = $1",  # noqa: S608
            pdf_sha256,
        )
    )


async def lock(tx: Transaction, contract_id: str) -> Contract | None:
    """The contract, locked until the transaction ends: signatures are read after the lock."""
    await tx.run("SELECT FROM contracts WHERE contract_id = $1 FOR UPDATE", contract_id)
    return await find(tx, contract_id)


async def save(tx: Transaction, contract: Contract, seen_version: int) -> None:
    """Write the contract's new state over the version that was locked."""
    moved = await tx.run(
        "UPDATE contracts SET state = $3, version = $4, executed_at = $5, void_reason = $6"
        " WHERE contract_id = $1 AND version = $2",
        contract.contract_id,
        seen_version,
        contract.state,
        contract.version,
        contract.executed_at,
        contract.void_reason,
    )
    if moved != 1:
        raise RuntimeError(f"{contract.contract_id} moved under its lock")


async def add_signature(tx: Transaction, contract_id: str, signature: Signature) -> None:
    """Keep a signature for good."""
    await tx.run(
        "INSERT INTO signatures (contract_id, side, signer_id, method, terms_sha256, signed_at,"
        " request_id, ip, user_agent) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        *(contract_id, signature.side, signature.signer_id, signature.method),
        *(signature.terms_sha256, signature.signed_at, signature.request_id),
        *(signature.ip, signature.user_agent),
    )


async def of_person(
    database: Database, user_id: str, state: State | None, after: Position | None, limit: int
) -> list[Contract]:
    """A page of this person's contracts, newest first."""
    rows = await database.rows(
        f"SELECT {_CONTRACT}, {_SIGNATURES} FROM contracts c"  # noqa: S608
        " WHERE (seller_id = $1 OR buyer_id = $1) AND ($2::text IS NULL OR state = $2)"
        " AND ($3::timestamptz IS NULL OR (created_at, contract_id) < ($3, $4))"
        " ORDER BY created_at DESC, contract_id DESC LIMIT $5",
        user_id,
        state,
        *(after or (None, None)),
        limit,
    )
    return [_contract(row) for row in rows]


async def add_job(tx: Transaction, job: Job) -> None:
    """Keep a new execution job."""
    await tx.run(
        "INSERT INTO execution_jobs (contract_id, state, attempts) VALUES ($1, $2, $3)",
        job.contract_id,
        job.state,
        job.attempts,
    )


async def lock_job(tx: Transaction, contract_id: str) -> Job | None:
    """The execution job, locked until the transaction ends."""
    row = await tx.row(
        "SELECT contract_id, state, attempts, last_error FROM execution_jobs"
        " WHERE contract_id = $1 FOR UPDATE",
        contract_id,
    )
    return Job(**dict(row) | {"state": JobState(row["state"])}) if row else None


async def save_job(tx: Transaction, job: Job) -> None:
    """Write the locked job's new state."""
    await tx.run(
        "UPDATE execution_jobs SET state = $2, attempts = $3, last_error = $4"
        " WHERE contract_id = $1",
        job.contract_id,
        job.state,
        job.attempts,
        job.last_error,
    )


def _one(row: Any) -> Contract | None:
    return _contract(row) if row else None


def _contract(row: Any) -> Contract:
    fields = dict(row)
    signatures = [_signature(one) for one in fields.pop("signatures")]
    fields["terms_json"], fields["state"] = fields.pop("terms"), State(fields["state"])
    return Contract(**fields, signatures=signatures)


def _signature(one: dict[str, Any]) -> Signature:
    return Signature(
        signer_id=one["signer_id"],
        side=Side(one["side"]),
        method=Method(one["method"]),
        terms_sha256=one["terms_sha256"],
        signed_at=datetime.fromisoformat(one["signed_at"]),
        request_id=one["request_id"],
        ip=one["ip"],
        user_agent=one["user_agent"],
    )
