"""Logs as JSON lines, traces from HTTP through the broker to the last consumer, and metrics."""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import structlog
from contracts_schema.ids import uuid7
from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider, sampling
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from prometheus_client import Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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
HANDLING = Histogram(
    "holdfast_consume_seconds",
    "From commit at the publisher to commit at the consumer",
    ["queue"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 600),
)

tracer = trace.get_tracer("holdfast")

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
    span = trace.get_current_span().get_span_context()
    if span.trace_id:
        event["trace_id"], event["span_id"] = f"{span.trace_id:032x}", f"{span.span_id:016x}"
    return event


def set_up(service: str, settings: ServiceSettings) -> None:
    """Send logs to standard output and spans to where the settings say."""
    set_up_logs(service, settings.log_level)
    trace.set_tracer_provider(_provider(service, settings))


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


def _provider(service: str, settings: ServiceSettings) -> TracerProvider:
    recorded = settings.otlp_endpoint or settings.trace_file
    provider = TracerProvider(
        # Spans that go nowhere still carry their ids, but are not worth recording.
        sampler=sampling.ALWAYS_ON if recorded else sampling.ALWAYS_OFF,
        resource=Resource.create({"service.name": service}),
    )
    if settings.otlp_endpoint:
        # Imported only where it is used: it costs every process memory.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
            OTLPSpanExporter,
        )

        endpoint = settings.otlp_endpoint.rstrip("/") + "/v1/traces"
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    if settings.trace_file:
        exporter = FileSpanExporter(service, settings.trace_file)
        provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=500))
    return provider


class FileSpanExporter(SpanExporter):
    """Appends spans to a file, one JSON object a line, for a machine without a collector."""

    def __init__(self, service: str, path: Path) -> None:
        """Append to the file; several processes may share it."""
        self._service, self._path = service, path

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Write whole lines in one append."""
        data = "".join(self._line(span) for span in spans).encode()
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(descriptor, data)
        finally:
            os.close(descriptor)
        return SpanExportResult.SUCCESS

    def _line(self, span: ReadableSpan) -> str:
        context = span.get_span_context()
        if context is None:
            return ""
        shown = {
            "service": self._service,
            "name": span.name,
            "trace_id": f"{context.trace_id:032x}",
            "span_id": f"{context.span_id:016x}",
            "parent_id": f"{span.parent.span_id:016x}" if span.parent else "",
            "start_ns": span.start_time,
            "end_ns": span.end_time,
            "attributes": dict(span.attributes or {}),
        }
        return json.dumps(shown, default=str) + "\n"


def carry() -> dict[str, str]:
    """The headers that continue the current trace elsewhere."""
    headers: dict[str, str] = {}
    propagate.inject(headers)
    return headers


def carried(headers: dict[str, Any]) -> Context:
    """The trace that these headers continue."""
    return propagate.extract({key: str(value) for key, value in headers.items()})


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
            key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]
        }
        request_id = _request_id(headers.get("x-request-id", ""))
        scope["request_id"] = request_id
        started, status = time.perf_counter(), 500
        span = tracer.start_span(scope["method"], context=carried(headers))

        async def send_with_ids(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                context = span.get_span_context()
                traceresponse = f"00-{context.trace_id:032x}-{context.span_id:016x}-01"
                message["headers"] = [
                    *message["headers"],
                    (b"x-request-id", request_id.encode()),
                    (b"traceresponse", traceresponse.encode()),
                ]
            await send(message)

        with trace.use_span(span, end_on_exit=True, record_exception=False):
            try:
                await self._app(scope, receive, send_with_ids)
            finally:
                route = getattr(scope.get("route"), "path", "unmatched")
                span.update_name(f"{scope['method']} {route}")
                span.set_attribute("http.response.status_code", status)
                REQUESTS.labels(scope["method"], route, status).observe(
                    time.perf_counter() - started
                )


def _request_id(given: str) -> str:
    return given if re.fullmatch(r"[A-Za-z0-9_.-]{8,64}", given) else str(uuid7())
