"""What a person wants to be told."""

from __future__ import annotations

from chassis.http.preconditions import require_version
from chassis.principals import Principal
from chassis.storage.database import Transaction
from contracts_schema.commands.notifier import SetPreferences

from notifier.store import preference


async def set_preferences(
    tx: Transaction, caller: Principal, command: SetPreferences, *, seen: int | None = None
) -> dict[str, object]:
    """Write what the person wants; ``seen`` is the version they decided on, if any."""
    caller.require()
    version = await preference.write(tx, caller.user_id, command.direct_messages)
    require_version(seen, version - 1)  # after the write, which holds the row; refusing undoes it
    tx.audit("preferences.set", caller.user_id, direct_messages=command.direct_messages)
    return {"direct_messages": command.direct_messages, "version": version}
