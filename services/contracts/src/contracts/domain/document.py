"""The documents of a contract: what they hold, and their names in the archive."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from contracts_schema.terms import Terms, canonical_json, sha256_hex

from contracts.domain.party import Account, Accounts
from contracts.domain.signature import Method, Signature
from contracts.domain.wording import in_words, legible

ANNEX_LINE = 100
_PROVIDERS = {"discord": "Discord", "roblox": "Roblox"}
_METHODS = {
    Method.DISCORD: "typed I AGREE in Discord",
    Method.REST: "sent I AGREE over the REST interface, with their own login",
    Method.WEB: "typed I AGREE on the web page behind a link of their own",
}


class Copy(StrEnum):
    """Which document of a contract: the text that is signed, or the copy that shows by whom."""

    SIGNED = "signed"
    EXECUTED = "executed"
    LATEST = "latest"


def pdf_key(contract_id: str, sha256: str) -> str:
    """The name of the PDF with this hash; another document has another name."""
    return f"contracts/{contract_id}/{sha256}.pdf"


def terms_key(contract_id: str, sha256: str) -> str:
    """The name of the canonical terms with this hash."""
    return f"contracts/{contract_id}/{sha256}.json"


def document_data(
    terms: Terms,
    template_version: int,
    drafted_at: datetime,
    accounts: Accounts,
    executed: dict[str, Any] | None = None,
) -> str:
    """Everything the template may print, as JSON; text of the parties stays text.

    ``executed`` is what the executed copy adds; the text that is signed has none of it.
    """
    value = terms.model_dump(mode="json")
    return json.dumps(
        {
            "words": in_words(terms),
            "seller": _party(terms.seller_id, accounts.get(terms.seller_id, ())),
            "buyer": _party(terms.buyer_id, accounts.get(terms.buyer_id, ())),
            "annex": annex(value),
            "terms_sha256": sha256_hex(canonical_json(value)),
            "template_version": str(template_version),
            "drafted_at": f"{drafted_at:%Y-%m-%d %H:%M} UTC",
            "executed": executed,
        },
        ensure_ascii=False,
        sort_keys=True,
    )


def executed_data(pdf_sha256: str, signatures: Sequence[Signature]) -> dict[str, Any]:
    """Who signed when and how, for both to see: no address and no program of anybody."""
    ordered = sorted(signatures, key=lambda one: (one.signed_at, one.side))
    return {
        "pdf_sha256": pdf_sha256,
        "completed_at": _second(ordered[-1].signed_at),
        "signatures": [
            {
                "side": one.side.value,
                "signed_at": _second(one.signed_at),
                "method": _METHODS[one.method],
                "terms_sha256": one.terms_sha256,
            }
            for one in ordered
        ],
    }


def annex(terms: dict[str, Any]) -> list[str]:
    """The terms as JSON in ASCII, cut into lines; joined and written canonically, they are signed.

    No line begins or ends with a space, which a reader of the page would lose.
    """
    rest = json.dumps(terms, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    lines = []
    while rest:
        end = min(ANNEX_LINE, len(rest))
        while end < len(rest) and end > 1 and " " in rest[end - 1 : end + 1]:
            end -= 1
        if end == 1:
            end = min(ANNEX_LINE, len(rest))
        lines.append(rest[:end])
        rest = rest[end:]
    return lines


def _party(user_id: str, accounts: Sequence[Account]) -> dict[str, Any]:
    return {
        "user_id": user_id,
        "accounts": [
            {
                "provider": _PROVIDERS.get(each.provider, each.provider.capitalize()),
                "account_id": each.account_id,
                "name": legible(each.name) or "(no name known)",
            }
            for each in accounts
        ],
    }


def _second(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
