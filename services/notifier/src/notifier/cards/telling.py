"""Which event is told how: one table, so that nothing is told by accident."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from contracts_schema.events import contracts, escrow, identity, listings
from contracts_schema.message import Event

from notifier.cards import account, deal, market
from notifier.cards.notice import Notice

Teller = Callable[[Any], list[Notice]]

TELLERS: Mapping[type[Event], Teller] = MappingProxyType(
    {
        identity.UserRegistered: account.registered,
        identity.LinkCreated: account.link_created,
        identity.AccountLinked: account.account_linked,
        identity.TierChanged: account.tier_changed,
        identity.UserSuspended: account.suspended,
        identity.UserReinstated: account.reinstated,
        listings.ListingCreated: market.listing_created,
        listings.ListingActivated: market.listing_activated,
        listings.OfferMade: market.offer_made,
        listings.OfferCountered: market.offer_made,
        listings.OfferAccepted: market.offer_accepted,
        listings.OfferDeclined: market.offer_closed,
        listings.OfferWithdrawn: market.offer_closed,
        listings.OfferExpired: market.offer_closed,
        contracts.ContractDrafted: deal.contract_drafted,
        contracts.ContractSigned: deal.contract_signed,
        contracts.SigningLinkCreated: deal.signing_link_created,
        contracts.ContractExecuted: deal.contract_executed,
        contracts.ContractExecutionFailed: deal.contract_voided,
        contracts.ContractVoided: deal.contract_voided,
        escrow.Opened: deal.opened,
        escrow.PaymentRequested: deal.payment_requested,
        escrow.PaymentFailed: deal.payment_failed,
        escrow.FundsHeld: deal.funds_held,
        escrow.Delivered: deal.delivered,
        escrow.DeliveryProven: deal.delivery_proven,
        escrow.ReleaseStarted: deal.release_started,
        escrow.Released: deal.released,
        escrow.RefundStarted: deal.refund_started,
        escrow.Refunded: deal.refunded,
        escrow.Cancelled: deal.cancelled,
        escrow.PayoutFailed: deal.payout_failed,
        escrow.PayoutAccountReady: account.payout_account_ready,
        escrow.DeadlineNear: deal.deadline_near,
        escrow.Frozen: deal.frozen,
        escrow.Unfrozen: deal.unfrozen,
    }
)
