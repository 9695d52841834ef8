"""Stripe's errors, in Stripe's words and shape."""

from typing import Any

DOCS = "https://stripe.com/docs/error-codes"


class StripeError(Exception):
    """A refusal that the API answers with; `began` tells whether the endpoint had begun its work.

    Stripe's idempotency layer saves what an endpoint that began has answered, and nothing else.
    """

    def __init__(self, message: str, **fields: Any) -> None:
        super().__init__(message)
        self.status: int = fields.pop("status", 400)
        self.began: bool = fields.pop("began", True)
        self.retry: bool | None = fields.pop("retry", None)
        self.kind: str = fields.pop("kind", "invalid_request_error")
        self.fields: dict[str, Any] = {k: v for k, v in fields.items() if v is not None}

    def body(self, request_id: str) -> dict[str, Any]:
        """The JSON answer."""
        error: dict[str, Any] = {**self.fields, "message": str(self), "type": self.kind}
        if code := self.fields.get("code"):
            error["doc_url"] = f"{DOCS}/{str(code).replace('_', '-')}"
        error["request_log_url"] = f"https://dashboard.stripe.com/test/logs/{request_id}"
        return {"error": error}


def invalid(message: str, param: str | None = None, code: str | None = None) -> StripeError:
    """A parameter whose value cannot be accepted; refused before any work began."""
    return StripeError(message, param=param, code=code, began=False)


def unknown_parameters(names: list[str]) -> StripeError:
    """Parameters that the endpoint does not have."""
    noun = "parameter" if len(names) == 1 else "parameters"
    return invalid(f"Received unknown {noun}: {', '.join(names)}", names[0], "parameter_unknown")


def missing_parameter(name: str) -> StripeError:
    """A required parameter was left out."""
    return invalid(f"Missing required param: {name}.", name, "parameter_missing")


def no_such(noun: str, id: str, param: str = "id", status: int = 404) -> StripeError:
    """An object that does not exist."""
    message = f"No such {noun}: '{id}'"
    return StripeError(message, param=param, code="resource_missing", status=status)


def unauthorized(key: str | None) -> StripeError:
    """A missing or wrong API key."""
    if key is None:
        message = (
            "You did not provide an API key. You need to provide your API key in the "
            "Authorization header, using Bearer auth (e.g. 'Authorization: Bearer "
            "YOUR_SECRET_KEY')."
        )
    else:
        message = f"Invalid API Key provided: {key[:8]}{'*' * max(0, len(key) - 12)}{key[-4:]}"
    return StripeError(message, status=401, began=False)


def injected(status: int) -> StripeError:
    """What Stripe says when it is the one that failed."""
    if status == 429:
        message = "Request rate limit exceeded. Learn more about rate limits in the docs."
        return StripeError(message, status=429, code="rate_limit", began=False)
    message = "An unknown error occurred"
    return StripeError(message, status=status, kind="api_error", retry=None)
