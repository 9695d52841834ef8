"""The documents of a contract: what they hold, and their names in the archive."""

from __future__ import annotations

import json
from datetime import datetime

from contracts_schema.terms import Terms, canonical_json, sha256_hex

from contracts.domain.wording import breakable, in_words, legible


def pdf_key(contract_id: str, sha256: str) -> str:
    """The name of the PDF with this hash; another document has another name."""
    return f"contracts/{contract_id}/{sha256}.pdf"


def terms_key(contract_id: str, sha256: str) -> str:
    """The name of the canonical terms with this hash."""
    return f"contracts/{contract_id}/{sha256}.json"


def document_data(terms: Terms, template_version: int, drafted_at: datetime) -> str:
    """Everything the template may print, as JSON; text of the parties stays text."""
    canonical = canonical_json(terms.model_dump(mode="json"))
    return json.dumps(
        {
            "words": in_words(terms),
            "canonical": canonical.decode(),
            "canonical_shown": breakable(legible(canonical.decode())),
            "terms_sha256": sha256_hex(canonical),
            "template_version": str(template_version),
            "drafted_at": f"{drafted_at:%Y-%m-%d %H:%M} UTC",
        },
        ensure_ascii=False,
        sort_keys=True,
    )
