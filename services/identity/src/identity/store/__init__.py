"""Every statement of SQL of this service, by what it is about."""

from identity.store import account, api_key, contest, link, oauth_state, session, user

__all__ = ["account", "api_key", "contest", "link", "oauth_state", "session", "user"]
