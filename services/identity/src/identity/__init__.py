"""Who people are: users, linked accounts, consents, tiers, roles, sessions, API keys and tokens.

The only service that knows a login. The others know a person by what its events and tokens say.
"""
