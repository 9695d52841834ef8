"""One function per command, event and due timer: load, decide, save, stage."""

from contracts.handlers import (
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
    "contract",
    "draft",
    "executed_copy",
    "execution",
    "proposal",
    "signature",
    "signing_link",
    "template",
]
