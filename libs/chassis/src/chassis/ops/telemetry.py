"""Logs as JSON lines, metrics, and what each request is told of itself."""

from __future__ import annotations

import logging
import re
import sys
import time
from functools import lru_cache
from typing import Any

import structlog
from contracts_schema.ids import uuid7
from prometheus_client import Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.ops import tracing
from chassis.settings import ServiceSettings

REQUESTS = Histogram(
    "holdfast_http_request_seconds",
    "Time to answer a request",
    ["method", "route", "status"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
PUBLISHED = Counter("holdfast_outbox_published", "Messages confirmed by the broker", ["exchange"])
UNPUBLISHED = Gauge("holdfast_outbox_unpublished_seconds", "Age of the oldest unpublished message")
CONSUMED = Counter("holdfast_consumed", "Messages consumed", ["queue", "outcome"])
FORGED = Counter(
    "holdfast_messages_forged",
    "Messages parked since their publisher may not say them (copied, type or author)",
    ["queue", "reason"],
)
AUDIT_FAULTS = Counter(
    "holdfast_audit_faults",
    "What is wrong with the audit log (log), or between it and the heads kept elsewhere (heads)",
    ["check"],
)
HANDLING = Histogram(
    "holdfast_consume_seconds",
    "From commit at the publisher to commit at the consumer",
    ["queue"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 600),
)

# Whoever sends a method of their own makes no series of their own.
_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
_OF_A_CALLER = frozenset({b"x-request-id", b"traceparent", b"tracestate", b"baggage"})
_measured = lru_cache(maxsize=1024)(REQUESTS.labels)

BLOT = "[redacted]"
_SECRET_KEY = re.compile(r"secret|token|password|authorization|cookie|signature|private", re.I)
_SECRET_VALUE = re.compile(
    r"(sk_(test|live)_\w+|whsec_\w+|hfk_\w+|eyJ[\w-]{8,}\.[\w-]+\.[\w-]+"
    r"|(?<=://)[^/\s:@]+:[^@\s]+(?=@))"
)


def redact(_: Any, __: str, event: Any) -> Any:
    """Blot out what looks like a secret, by its name or by its form, however deep it stands."""
    for key, value in event.items():
        event[key] = _redacted(key, value)
    return event


def _redacted(key: object, value: Any) -> Any:
    if isinstance(key, str) and _SECRET_KEY.search(key):
        return BLOT
    if isinstance(value, str):
        return _SECRET_VALUE.sub(BLOT, value)
    if isinstance(value, dict):
        return {name: _redacted(name, item) for name, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_redacted(None, item) for item in value]
    return value


def _add_trace(_: Any, __: str, event: Any) -> Any:
    trace_id, span_id = tracing.ids()
    if trace_id:
        event["trace_id"], event["span_id"] = trace_id, span_id
    return event


def set_up(service: str, settings: ServiceSettings) -> None:
    """Send logs to standard error and spans to where the settings say."""
    set_up_logs(service, settings.log_level)
    tracing.set_up(service, settings)


def set_up_logs(service: str, level: str) -> None:
    """Write what is logged, by us or a library, to stderr as JSON lines without secrets."""
    processors: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_trace,
        structlog.processors.format_exc_info,
        redact,
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=processors[:-2],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            redact,
            structlog.processors.JSONRenderer(),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for noisy in ("httpx", "httpcore", "aio_pika", "aiormq", "uvicorn.access", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *processors,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)


class TelemetryMiddleware:
    """Gives each request an id, a span and a measured time (pure ASGI: see cancellation bugs)."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap the app."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Measure one HTTP request; anything else passes."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {
            key.decode(): value.decode("latin-1")
            for key, value in scope["headers"]
            if key in _OF_A_CALLER
        }
        request_id = _request_id(headers.get("x-request-id", ""))
        scope["request_id"] = request_id
        started, status = time.perf_counter(), 500

        async def send_with_ids(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message["headers"],
                    *scope.get("quota_headers", ()),
                    (b"x-request-id", request_id.encode()),
                    (b"traceresponse", f"00-{trace_id}-{span_id}-01".encode()),
                ]
            await send(message)

        with tracing.span(scope["method"], headers) as span:
            trace_id, span_id = tracing.ids()
            try:
                await self._app(scope, receive, send_with_ids)
            finally:
                route = getattr(scope.get("route"), "path", "unmatched")
                if span.is_recording():
                    span.update_name(f"{scope['method']} {route}")
                    span.set_attribute("http.response.status_code", status)
                method = scope["method"] if scope["method"] in _METHODS else "other"
                _measured(method, route, status).observe(time.perf_counter() - started)


def _request_id(given: str) -> str:
    return given if re.fullmatch(r"[A-Za-z0-9_.-]{8,64}", given) else str(uuid7())
