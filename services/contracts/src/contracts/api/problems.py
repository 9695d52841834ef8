"""Which status and code each refusal has, wherever it is shown; words are in the catalogue."""

from __future__ import annotations

from types import MappingProxyType

from chassis.problems import Rule, Rules

from contracts.domain import errors
from contracts.ports import ArchiveDiffers, ArchiveUnavailable, TypesettingFailed

RULES: Rules = MappingProxyType(
    {
        errors.NotAParty: Rule(404, "not_found"),
        errors.WrongState: Rule(409, "wrong_state"),
        errors.SigningClosed: Rule(409, "signing_closed"),
        errors.AlreadySigned: Rule(409, "already_signed"),
        errors.WrongPhrase: Rule(422, "wrong_phrase"),
        errors.TermsDiffer: Rule(409, "terms_differ"),
        errors.LinkUnknown: Rule(404, "link_unknown"),
        errors.LinkSpent: Rule(410, "link_spent"),
        errors.NoDocument: Rule(404, "no_document"),
        errors.NoExecutedCopy: Rule(404, "no_executed_copy"),
        errors.TemplateRefused: Rule(422, "template_refused"),
        ArchiveUnavailable: Rule(503, "archive_unavailable", retryable=True),
        ArchiveDiffers: Rule(503, "archive_differs"),
        TypesettingFailed: Rule(503, "typesetting_failed", retryable=True),
        errors.ContractError: Rule(409, "refused"),
    }
)
