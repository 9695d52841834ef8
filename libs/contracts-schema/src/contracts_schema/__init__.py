"""What travels between the services: events, commands, money, ids and the terms of a contract.

Depends on pydantic only. One module per publisher under ``events``, one per owner under
``commands``; the JSON Schemas of all of them are committed under ``schemas/``.
"""

from contracts_schema.ids import EntityId, derive_id, new_id, parse_id
from contracts_schema.message import Command, Event, Message
from contracts_schema.money import Currency, Money
from contracts_schema.terms import Terms, canonical_json, sha256_hex

__all__ = [
    "Command",
    "Currency",
    "EntityId",
    "Event",
    "Message",
    "Money",
    "Terms",
    "canonical_json",
    "derive_id",
    "new_id",
    "parse_id",
    "sha256_hex",
]
