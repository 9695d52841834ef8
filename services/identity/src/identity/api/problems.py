"""How each refusal of the domain is answered, the same over REST and as command_rejected."""

from __future__ import annotations

from chassis.problems import Rule, Rules

from identity.domain import errors

RULES: Rules = {
    errors.AlreadyRegistered: Rule(
        409, "already_registered", "You are in. Use /link to link your Roblox account."
    ),
    errors.ConsentMissing: Rule(
        403,
        "not_registered",
        "Ask for a new login URL with consent true and the terms_version you agree to,"
        " or use /signup in Discord.",
    ),
    errors.Suspended: Rule(403, "suspended", "Write to support; running deals go on."),
    errors.AlreadyLinked: Rule(
        409, "already_linked", "Go on with it, or write to support to change it."
    ),
    errors.LinkUnknown: Rule(404, "not_found", "Ask for a new link."),
    errors.LinkSpent: Rule(410, "link_spent", "Ask for a new link."),
    errors.LinkExpired: Rule(410, "link_expired", "Use /link for a new one."),
    errors.LinkCompleted: Rule(409, "link_completed", "Nothing is left to do."),
    errors.TooManyLinks: Rule(
        429, "too_many_links", "Use the last link, or wait 15 minutes and ask again."
    ),
    errors.TierMoveRefused: Rule(
        409, "tier_move_refused", "Read the user again and choose a step that the tier table has."
    ),
    errors.OwnAccount: Rule(403, "own_account", "Ask another administrator."),
    errors.KeyNeedsSession: Rule(
        403, "login_needed", "Log in with Discord and use that access token."
    ),
    errors.TooManyKeys: Rule(409, "too_many_keys", "Revoke a key that is not used."),
    errors.ScopeRefused: Rule(403, "scope_missing", "Leave the scope out, or use a fuller login."),
    errors.ExpiryRefused: Rule(422, "expiry_refused", "Choose a day within the next year."),
    errors.RefreshRefused: Rule(401, "refresh_refused", "Log in again."),
    errors.StateRefused: Rule(
        400, "state_refused", "Begin again, and finish within 10 minutes in the same browser."
    ),
    errors.ProviderRefused: Rule(403, "login_refused", "Begin again and allow the login."),
    errors.ProviderUnavailable: Rule(
        503, "provider_unavailable", "Begin again in a moment.", retryable=True
    ),
}
