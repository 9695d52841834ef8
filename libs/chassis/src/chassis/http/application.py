"""The application that a service is over HTTP, and that describes itself."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI


class Application(FastAPI):
    """FastAPI's, whose description says who may call what and how it refuses."""

    def __init__(self, service: str, public_base_url: str, **options: Any) -> None:
        """Take FastAPI's options; the service is reached at the public address."""
        super().__init__(
            title=f"Holdfast {service}",
            version="1.0.0",
            license_info={"name": "Apache 2.0", "identifier": "Apache-2.0"},
            servers=[{"url": public_base_url.rstrip("/"), "description": "The gateway"}],
            openapi_url="/openapi.json",
            docs_url=None,
            redoc_url=None,
            **options,
        )

    def openapi(self) -> dict[str, Any]:
        """The description (OpenAPI 3.1), made when somebody first asks for it."""
        if self.openapi_schema is None:
            # It knows logins, whose cryptography is 10 MB: not for who is never asked for it.
            from chassis.http import description  # noqa: PLC0415

            self.openapi_schema = description.completed(super().openapi(), self)
        return self.openapi_schema
