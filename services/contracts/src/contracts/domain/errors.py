"""Why a contract refuses what was asked of it."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from contracts_schema.refusals import Refused


class ContractError(Refused):
    """The root of every refusal here."""

    catalogue: ClassVar[str] = "contracts"


class NotAParty(ContractError):
    """Who asks is neither the buyer nor the seller, so the contract does not exist for them."""

    def __init__(self, contract_id: str) -> None:
        """Name the contract as the asker named it."""
        super().__init__(contract_id=contract_id)


class WrongState(ContractError):
    """The action is not possible in the state the contract is in."""

    def __init__(self, action: str, state: str) -> None:
        """Name both."""
        super().__init__(action=action, state=state)
        self.action, self.state = action, state


class SigningClosed(ContractError):
    """The signing window has passed."""

    def __init__(self, since: datetime) -> None:
        """Say since when."""
        super().__init__(since=f"{since:%Y-%m-%d %H:%M} UTC")
        self.since = since


class AlreadySigned(ContractError):
    """This party has signed; one signature per party is kept."""


class WrongPhrase(ContractError):
    """The words that make a signature were not typed."""


class TermsDiffer(ContractError):
    """The person saw other terms than these."""

    def __init__(self, seen: str, current: str) -> None:
        """Name both hashes."""
        super().__init__(seen=seen, current=current)


class WindowsTooLong(ContractError):
    """The windows together exceed what the provider may hold money for."""

    def __init__(self, total_s: int, longest_s: int) -> None:
        """Name both, in days."""
        super().__init__(total=f"{total_s / 86400:.1f}", longest=longest_s // 86400)


class LinkUnknown(ContractError):
    """No such signing link was ever given out."""


class LinkSpent(ContractError):
    """The signing link was used or is too old."""


class BrokenEvidence(ContractError):
    """What the execution job found is not what was signed."""

    def __init__(self, reason_code: str, **params: object) -> None:
        """Say which check failed."""
        super().__init__(f"evidence_{reason_code}", **params)
        self.reason_code = reason_code


class TemplateRefused(ContractError):
    """The template does not make a contract."""

    def __init__(self, reason: str) -> None:
        """Say what the typesetter said."""
        super().__init__(reason=reason)


class NoExecutedCopy(ContractError):
    """There is no copy that shows the signatures: not both have signed, or it is being made."""

    def __init__(self, contract_id: str) -> None:
        """Name the contract."""
        super().__init__(contract_id=contract_id)


class NoDocument(ContractError):
    """There is no PDF of this contract."""

    def __init__(self, contract_id: str) -> None:
        """Name the contract."""
        super().__init__(contract_id=contract_id)
