"""Every statement of SQL of this service, by what it is about."""

from contracts.store import (
    audit_head,
    contract,
    draft,
    executed_copy,
    execution,
    signature,
    signing_link,
    template,
)

__all__ = [
    "audit_head",
    "contract",
    "draft",
    "executed_copy",
    "execution",
    "signature",
    "signing_link",
    "template",
]
