"""Who a party is outside: the accounts that it proved, under the names they had then."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Account:
    """An account at Discord or Roblox: its lasting id, and the name that was told with it."""

    provider: str
    account_id: str
    name: str


Accounts = Mapping[str, tuple[Account, ...]]
"""The accounts of each party, by user id."""


def written(accounts: Accounts) -> str:
    """The accounts as they are kept with a contract, and never changed."""
    people = {user_id: [asdict(each) for each in known] for user_id, known in accounts.items()}
    return json.dumps(people, ensure_ascii=False, sort_keys=True)


def read(text: str) -> Accounts:
    """The accounts that were kept."""
    return {
        user_id: tuple(Account(**each) for each in known)
        for user_id, known in json.loads(text).items()
    }
