"""Traces: one request or command, from where it comes in, through the broker, to the last consumer.

Where spans are sent nowhere there are none. What travels then is the name of the trace alone
(``traceparent``, W3C Trace Context), so that logs have it and whoever records spans has one trace.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from opentelemetry import propagate, trace
from opentelemetry.trace import Span, SpanKind

from chassis.settings import ServiceSettings

__all__ = ["SpanKind", "carry", "ids", "set_up", "span"]

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_FIELD = "traceparent"

_tracer = trace.get_tracer("holdfast")
_recording = False
_current: ContextVar[str] = ContextVar("traceparent", default="")


def set_up(service: str, settings: ServiceSettings) -> None:
    """Record spans, if the settings say where they go."""
    global _recording  # noqa: PLW0603
    _recording = bool(settings.otlp_endpoint or settings.trace_file)
    if _recording:
        # Imported only where it is used: it costs every process memory.
        from chassis.ops import spans  # noqa: PLC0415

        trace.set_tracer_provider(spans.provider(service, settings))


@contextmanager
def span(
    name: str,
    headers: Mapping[str, Any] | None = None,
    *,
    kind: SpanKind = SpanKind.INTERNAL,
    attributes: Mapping[str, str] | None = None,
) -> Iterator[Span]:
    """A span of the trace that the headers continue, else of the current one, else of a new one."""
    if _recording:
        parent = None
        if headers is not None:
            parent = propagate.extract({key: str(value) for key, value in headers.items()})
        with _tracer.start_as_current_span(
            name, parent, kind, attributes, record_exception=False
        ) as recorded:
            yield recorded
        return
    token = _current.set(_continued(headers))
    try:
        yield trace.INVALID_SPAN
    finally:
        _current.reset(token)


def carry() -> dict[str, str]:
    """The headers that continue the current trace elsewhere."""
    headers: dict[str, str] = {}
    if _recording:
        propagate.inject(headers)
    elif current := _current.get():
        headers[_FIELD] = current
    return headers


def ids() -> tuple[str, str]:
    """The current trace and span; empty where there is none."""
    if not _recording:
        parts = _current.get().split("-")
        return (parts[1], parts[2]) if len(parts) > 2 else ("", "")
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return "", ""
    return f"{context.trace_id:032x}", f"{context.span_id:016x}"


def _continued(headers: Mapping[str, Any] | None) -> str:
    if headers is None:
        return _current.get() or _begun()
    given = str(headers.get(_FIELD, ""))
    return given if _TRACEPARENT.fullmatch(given) else _begun()


def _begun() -> str:
    drawn = os.urandom(24).hex()
    return f"00-{drawn[:32]}-{drawn[32:]}-00"
