"""The apps that may ask people to log in, and how each proves itself."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from sandbox.roblox.grants import OAuthError


class Client(BaseModel):
    """A registered confidential app: its secret and the exact addresses it may return to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    client_id: str = Field(min_length=1)
    client_secret: str = Field(min_length=1)
    redirect_uris: tuple[str, ...] = Field(min_length=1)
    name: str = "Holdfast"


class Clients:
    """All registered apps."""

    def __init__(self, clients: tuple[Client, ...]) -> None:
        self._by_id = {client.client_id: client for client in clients}

    def find(self, client_id: str) -> Client | None:
        """The app of this id, if it is registered."""
        return self._by_id.get(client_id)

    def authenticate(self, header: str | None, form: Mapping[str, str]) -> Client:
        """The app that proves itself by basic auth or in the body, or invalid_client."""
        client_id, secret = _basic(header) if header else _posted(form)
        client = self._by_id.get(client_id)
        expected = client.client_secret if client else ""
        if client is None or not hmac.compare_digest(secret.encode(), expected.encode()):
            raise OAuthError("invalid_client", "Client authentication failed.", 401)
        return client


def _posted(form: Mapping[str, str]) -> tuple[str, str]:
    return form.get("client_id", ""), form.get("client_secret", "")


def _basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    try:
        if scheme.lower() != "basic":
            raise ValueError(scheme)
        text = base64.b64decode(encoded, validate=True).decode()
        client_id, _, secret = text.partition(":")
    except (ValueError, binascii.Error):
        raise OAuthError("invalid_client", "The Authorization header is not Basic.", 401) from None
    return client_id, secret
