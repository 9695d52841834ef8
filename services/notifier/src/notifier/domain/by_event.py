"""Which event is told how: one table, so that nothing is told by accident."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from contracts_schema.events import contracts, escrow, identity, listings
from contracts_schema.message import Event

from notifier.domain import contract, listing, offer, person
from notifier.domain import escrow as deal
from notifier.domain.notice import Notice

NOTICES_BY_EVENT: Mapping[type[Event], Callable[[Any], list[Notice]]] = MappingProxyType(
    {
        identity.UserRegistered: person.registered,
        identity.LinkCreated: person.link_created,
        identity.AccountLinked: person.account_linked,
        identity.AccountUnlinked: person.account_unlinked,
        identity.LinkContested: person.link_contested,
        identity.LinkContestEnded: person.link_contest_ended,
        identity.TierChanged: person.tier_changed,
        identity.UserSuspended: person.suspended,
        identity.UserReinstated: person.reinstated,
        listings.ListingCreated: listing.created,
        listings.ListingActivated: listing.activated,
        listings.OfferMade: offer.made,
        listings.OfferCountered: offer.made,
        listings.OfferAccepted: offer.accepted,
        listings.OfferDeclined: offer.closed,
        listings.OfferWithdrawn: offer.closed,
        listings.OfferExpired: offer.closed,
        contracts.ContractDrafted: contract.drafted,
        contracts.ContractSigned: contract.signed,
        contracts.SigningLinkCreated: contract.signing_link_created,
        contracts.ContractExecuted: contract.executed,
        contracts.ContractExecutionFailed: contract.voided,
        contracts.ContractVoided: contract.voided,
        escrow.Opened: deal.opened,
        escrow.PaymentRequested: deal.payment_requested,
        escrow.PaymentFailed: deal.payment_failed,
        escrow.FundsHeld: deal.funds_held,
        escrow.DeliveryPossible: deal.delivery_possible,
        escrow.Delivered: deal.delivered,
        escrow.DeliveryProven: deal.delivery_proven,
        escrow.ReleaseStarted: deal.release_started,
        escrow.Released: deal.released,
        escrow.RefundStarted: deal.refund_started,
        escrow.Refunded: deal.refunded,
        escrow.Cancelled: deal.cancelled,
        escrow.PayoutFailed: deal.payout_failed,
        escrow.PayoutAccountReady: person.payout_account_ready,
        escrow.DeadlineNear: deal.deadline_near,
        escrow.Frozen: deal.frozen,
        escrow.Unfrozen: deal.unfrozen,
    }
)
