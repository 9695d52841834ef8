"""Executions, one for each contract that both have signed."""

from __future__ import annotations

from chassis.storage.database import Transaction
from chassis.storage.sql import parameters, statement
from sqlalchemy import bindparam, insert, select, update

from contracts.domain.execution import Execution, ExecutionState
from contracts.store.tables import execution_jobs

_THIS = execution_jobs.c.contract_id == bindparam("contract_id")
_ADD = statement(insert(execution_jobs).values(parameters(execution_jobs)))
_LOCK = statement(select(execution_jobs).where(_THIS).with_for_update())
_SAVE = statement(
    update(execution_jobs).values(parameters(execution_jobs, "contract_id")).where(_THIS)
)


async def add(tx: Transaction, execution: Execution) -> None:
    """Keep a new execution."""
    await tx.run(_ADD, **_ADD.values_of(execution))


async def lock(tx: Transaction, contract_id: str) -> Execution | None:
    """The execution, locked until the transaction ends."""
    row = await tx.row(_LOCK, contract_id=contract_id)
    return Execution(**{**row, "state": ExecutionState(row["state"])}) if row else None


async def save(tx: Transaction, execution: Execution) -> None:
    """Write the locked execution's new state."""
    await tx.run(_SAVE, **_SAVE.values_of(execution))
