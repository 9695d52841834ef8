"""How each refusal of the domain is answered, the same over REST and as command_rejected."""

from __future__ import annotations

from types import MappingProxyType

from chassis.problems import Rule, Rules

from contracts.domain import errors
from contracts.ports import ArchiveDiffers, ArchiveUnavailable, TypesettingFailed

READ_AGAIN = "Read the contract again; it says whose turn it is."
NEW_LINK = "Ask for a new link with the Sign button of the contract's card in Discord."

RULES: Rules = MappingProxyType(
    {
        errors.NotAParty: Rule(404, "not_found", "Check the id and your account."),
        errors.WrongState: Rule(409, "wrong_state", READ_AGAIN),
        errors.SigningClosed: Rule(409, "signing_closed", "Make and accept a new offer."),
        errors.AlreadySigned: Rule(409, "already_signed", "Nothing more is asked of you here."),
        errors.WrongPhrase: Rule(
            422, "wrong_phrase", "Type exactly I AGREE, in capitals, if you agree to the terms."
        ),
        errors.TermsDiffer: Rule(
            409, "terms_differ", "Read the contract again and sign the terms it has now."
        ),
        errors.LinkUnknown: Rule(404, "link_unknown", NEW_LINK),
        errors.LinkSpent: Rule(410, "link_spent", NEW_LINK),
        errors.NoDocument: Rule(404, "no_document", READ_AGAIN),
        errors.TemplateRefused: Rule(422, "template_refused", "Correct the template and retry."),
        ArchiveUnavailable: Rule(503, "archive_unavailable", "Try again in a moment.", True),
        ArchiveDiffers: Rule(
            503, "archive_differs", "Write to support with the contract's id.", False
        ),
        TypesettingFailed: Rule(503, "typesetting_failed", "Try again in a moment.", True),
        errors.ContractError: Rule(409, "refused", READ_AGAIN),
    }
)
