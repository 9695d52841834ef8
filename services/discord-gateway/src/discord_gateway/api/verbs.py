"""What each word on a button does: one registry of commands, forms, links and views.

Whether a person may do it now, and whether it is asked about first, only the owner of the thing
says; what has no entry is not shown. How buttons look stands in ``contracts_schema.buttons``.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from contracts_schema.commands import escrow, identity, listings

from discord_gateway.api import views
from discord_gateway.api.components import CommandStep
from discord_gateway.api.confirmations import ActionStep, money_facts, offer_facts
from discord_gateway.api.forms import FormStep
from discord_gateway.api.interactions import Step
from discord_gateway.api.links import LinkStep
from discord_gateway.api.views import ViewStep
from discord_gateway.domain import form

VERBS: Mapping[str, Step] = MappingProxyType(
    {
        "consent": CommandStep(
            lambda version: identity.RegisterUser(consent=True, terms_version=version)
        ),
        "show": ViewStep(views.show),
        "list_public": FormStep(form.LIST_PUBLIC),
        "list_private": FormStep(form.LIST_PRIVATE),
        "make_offer": FormStep(form.MAKE_OFFER),
        "view_offers": ViewStep(views.offers),
        "withdraw_listing": ActionStep(lambda id: listings.WithdrawListing(listing_id=id)),
        "accept": ActionStep(lambda id: listings.AcceptOffer(offer_id=id), offer_facts),
        "counter": FormStep(form.COUNTER),
        "decline": ActionStep(lambda id: listings.DeclineOffer(offer_id=id), offer_facts),
        "withdraw_offer": ActionStep(lambda id: listings.WithdrawOffer(offer_id=id)),
        "sign": FormStep(form.SIGN),
        "sign_web": LinkStep("contracts", "/v1/contracts/{id}/signing-links"),
        "review_pdf": ViewStep(views.document),
        "pay": LinkStep("escrow", "/v1/escrows/{id}/payment-link"),
        "onboard": LinkStep("escrow", "/v1/payout-accounts/onboarding-link"),
        "deliver": FormStep(form.DELIVER),
        "confirm": ActionStep(
            lambda id: escrow.Confirm(escrow_id=id), money_facts(lambda read: read.if_released)
        ),
        "refund": ActionStep(
            lambda id: escrow.RequestRefund(escrow_id=id),
            money_facts(lambda read: read.if_refunded),
        ),
        "cancel": ActionStep(
            lambda id: escrow.Cancel(escrow_id=id), money_facts(lambda read: read.if_cancelled)
        ),
    }
)

STEPS: Mapping[str, Step] = MappingProxyType(
    dict(VERBS)
    | {
        f"{verb}_yes": CommandStep(step.command)
        for verb, step in VERBS.items()
        if isinstance(step, ActionStep)
    }
)
"""The same, and what the yes to each question does."""
