"""Which status and code each refusal has, wherever it is shown; words are in the catalogue."""

from __future__ import annotations

from types import MappingProxyType

from chassis.problems import Rule, Rules

from identity.domain import errors

RULES: Rules = MappingProxyType(
    {
        errors.AlreadyRegistered: Rule(409, "already_registered"),
        errors.ConsentMissing: Rule(403, "not_registered"),
        errors.TermsNotCurrent: Rule(409, "terms_not_current"),
        errors.Suspended: Rule(403, "suspended"),
        errors.AlreadyLinked: Rule(409, "already_linked"),
        errors.LinkUnknown: Rule(404, "not_found"),
        errors.LinkSpent: Rule(410, "link_spent"),
        errors.LinkExpired: Rule(410, "link_expired"),
        errors.LinkCompleted: Rule(409, "link_completed"),
        errors.TooManyLinks: Rule(429, "too_many_links"),
        errors.TierMoveRefused: Rule(409, "tier_move_refused"),
        errors.OwnAccount: Rule(403, "own_account"),
        errors.KeyNeedsSession: Rule(403, "login_needed"),
        errors.TooManyKeys: Rule(409, "too_many_keys"),
        errors.ScopeRefused: Rule(403, "scope_missing"),
        errors.ExpiryRefused: Rule(422, "expiry_refused"),
        errors.RefreshRefused: Rule(401, "refresh_refused"),
        errors.StateRefused: Rule(400, "state_refused"),
        errors.NotTheOwner: Rule(403, "not_the_owner"),
        errors.AccountNotLinked: Rule(404, "not_found"),
        errors.ProviderRefused: Rule(403, "login_refused"),
        errors.ProviderUnavailable: Rule(503, "provider_unavailable", retryable=True),
    }
)
