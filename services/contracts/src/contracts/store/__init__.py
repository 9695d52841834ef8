"""Every statement of SQL of this service, by what it is about."""

from contracts.store import contract, draft, execution, signature, signing_link, template

__all__ = ["contract", "draft", "execution", "signature", "signing_link", "template"]
