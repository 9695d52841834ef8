"""Every statement of SQL of this service, by what it is about."""

from contracts.store import (
    contract,
    draft,
    executed_copy,
    execution,
    signature,
    signing_link,
    template,
)

__all__ = [
    "contract",
    "draft",
    "executed_copy",
    "execution",
    "signature",
    "signing_link",
    "template",
]
