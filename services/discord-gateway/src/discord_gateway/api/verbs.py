"""What each word on a button does: one registry, in the order that buttons stand in.

Whether a person may do it now, only the owner of the thing says; what has no entry is not shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from contracts_schema.commands import escrow, identity, listings
from contracts_schema.commands.discord import ButtonStyle

from discord_gateway.api import views
from discord_gateway.api.components import CommandStep
from discord_gateway.api.confirmations import ConfirmationStep, money_facts, offer_facts
from discord_gateway.api.forms import FormStep
from discord_gateway.api.interactions import Step
from discord_gateway.api.links import LinkStep
from discord_gateway.api.schemas import Share
from discord_gateway.api.views import ViewStep
from discord_gateway.domain import form

PRIMARY, DANGER = ButtonStyle.PRIMARY, ButtonStyle.DANGER
OFFER, PREVIEW = "/v1/offers/{id}", "/v1/escrows/{id}/preview"

VERBS: Mapping[str, Step] = MappingProxyType(
    {
        "consent": CommandStep(
            lambda version: identity.RegisterUser(consent=True, terms_version=version), PRIMARY
        ),
        "show": ViewStep(views.show),
        "list_public": FormStep(form.LIST_PUBLIC),
        "list_private": FormStep(form.LIST_PRIVATE),
        "make_offer": FormStep(form.MAKE_OFFER, PRIMARY),
        "view_offers": ViewStep(views.offers),
        "withdraw_listing": CommandStep(lambda id: listings.WithdrawListing(listing_id=id)),
        "accept": ConfirmationStep(
            *("listings", OFFER, offer_facts, lambda id: listings.AcceptOffer(offer_id=id)), PRIMARY
        ),
        "counter": FormStep(form.COUNTER),
        "decline": ConfirmationStep(
            *("listings", OFFER, offer_facts, lambda id: listings.DeclineOffer(offer_id=id))
        ),
        "withdraw_offer": CommandStep(lambda id: listings.WithdrawOffer(offer_id=id)),
        "sign": FormStep(form.SIGN, PRIMARY),
        "sign_web": LinkStep("contracts", "/v1/contracts/{id}/signing-links"),
        "review_pdf": ViewStep(views.document),
        "pay": LinkStep("escrow", "/v1/escrows/{id}/payment-link", PRIMARY),
        "onboard": LinkStep("escrow", "/v1/payout-accounts/onboarding-link", PRIMARY),
        "deliver": FormStep(form.DELIVER, PRIMARY),
        "confirm": ConfirmationStep(
            "escrow",
            PREVIEW,
            money_facts(lambda read: read.if_released),
            lambda id: escrow.Confirm(escrow_id=id),
            PRIMARY,
        ),
        "refund": ConfirmationStep(
            "escrow",
            PREVIEW,
            money_facts(lambda read: read.if_refunded),
            lambda id: escrow.RequestRefund(escrow_id=id),
            DANGER,
        ),
        "cancel": ConfirmationStep(
            "escrow",
            PREVIEW,
            money_facts(lambda read: Share()),
            lambda id: escrow.Cancel(escrow_id=id),
        ),
    }
)

STEPS: Mapping[str, Step] = MappingProxyType(
    dict(VERBS)
    | {
        f"{verb}_yes": CommandStep(step.command)
        for verb, step in VERBS.items()
        if isinstance(step, ConfirmationStep)
    }
)
"""The same, and what the yes to each question does."""
