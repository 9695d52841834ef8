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

from notifier.domain.notice import PRIMARY, Notice, Press, SecretLink, actor, both, of_deal, person


def drafted(event: ContractDrafted) -> list[Notice]:
    """Both are asked to sign the same terms."""
    buttons = (
        Press("sign", event.contract_id, PRIMARY),
        Press("sign_web", event.contract_id),
        Press("review_pdf", event.contract_id),
    )
    shared = of_deal(event, "contract", price=str(event.price))
    shared |= {
        "deadline": event.sign_before,
        "buttons": buttons,
        "fields": (("price", str(event.price)), ("terms_hash", event.terms_sha256)),
    }
    return both(event, "contract_drafted", **shared)


def signed(event: ContractSigned) -> list[Notice]:
    """One signature is in."""
    other = event.seller_id if event.signer_id == event.buyer_id else event.buyer_id
    params = {"title": event.title}
    key = "contract_signed.second" if event.both else "contract_signed.first"
    notices = [actor(key, event.signer_id, params=params, step="contract")]
    if not event.both:
        button = Press("sign", event.contract_id, PRIMARY)
        notices.append(
            person(
                "contract_signed.other", other, params=params, step="contract", buttons=(button,)
            )
        )
    return notices


def signing_link_created(event: SigningLinkCreated) -> list[Notice]:
    """The web page for signing; its address is minted when it is shown."""
    path = f"/v1/contracts/{event.contract_id}/signing-links"
    button = SecretLink("sign_web", "contracts", path)
    return [
        actor("signing_link", event.user_id, deadline=event.expires_at, buttons=(button,)),
    ]


def executed(event: ContractExecuted) -> list[Notice]:
    """The agreement is in force; the escrow opens next."""
    params = {"title": event.terms.title}
    shared = {"params": params, "step": "payment", "card_key": f"deal:{event.deal_id}"}
    return both(event, "contract_executed", **shared)


def voided(event: ContractVoided | ContractExecutionFailed) -> list[Notice]:
    """The contract came to nothing, or needs an operator."""
    failed = isinstance(event, ContractExecutionFailed)
    key = "contract_execution_failed" if failed else "contract_voided"
    return both(event, key, **of_deal(event, ""))
