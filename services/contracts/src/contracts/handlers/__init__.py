"""One function per command, event and due timer: load, decide, save, stage."""

from contracts.handlers import (
    audit_head,
    contract,
    draft,
    executed_copy,
    execution,
    proposal,
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
    "proposal",
    "signature",
    "signing_link",
    "template",
]
