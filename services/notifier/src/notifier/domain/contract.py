"""What both sides are told about their contract."""

from __future__ import annotations

from contracts_schema.events.contracts import (
    ContractDrafted,
    ContractExecuted,
    ContractExecutionFailed,
    ContractSigned,
    ContractVoided,
    SigningLinkCreated,
)

from notifier.domain.notice import Notice, SecretLink, actor, both, may, of_deal, person


def drafted(event: ContractDrafted) -> list[Notice]:
    """Both are asked to sign the same terms."""
    shared = of_deal(event, "contract", price=str(event.price))
    shared |= {
        "deadline": event.sign_before,
        "fields": (("price", str(event.price)), ("terms_hash", event.terms_sha256)),
    }
    return both(event, "contract_drafted", **shared)


def signed(event: ContractSigned) -> list[Notice]:
    """One signature is in: nobody is asked for it again."""
    signer = event.signer_id
    other = event.seller_id if signer == event.buyer_id else event.buyer_id
    key = "contract_signed.second" if event.both else "contract_signed.first"
    shared = of_deal(event, "contract")
    told = [
        actor(key, signer, **shared | may(event, signer)),
        person(key, signer, **shared | may(event, signer)),
    ]
    if not event.both:
        shared |= may(event, other) | {"deadline": event.sign_before}
        told.append(person("contract_signed.other", other, **shared))
    return told


def signing_link_created(event: SigningLinkCreated) -> list[Notice]:
    """The web page for signing; its address is minted when it is shown."""
    path = f"/v1/contracts/{event.contract_id}/signing-links"
    button = SecretLink("sign_web", "contracts", path)
    return [
        actor("signing_link", event.user_id, deadline=event.expires_at, buttons=(button,)),
    ]


def executed(event: ContractExecuted) -> list[Notice]:
    """The agreement is in force; the escrow opens next."""
    return both(event, "contract_executed", **of_deal(event, "payment", title=event.terms.title))


def voided(event: ContractVoided | ContractExecutionFailed) -> list[Notice]:
    """The contract came to nothing, or needs an operator."""
    failed = isinstance(event, ContractExecutionFailed)
    key = "contract_execution_failed" if failed else "contract_voided"
    return both(event, key, **of_deal(event, ""))
