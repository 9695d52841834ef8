"""Where spans go: an OTLP collector, a file, or both."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider, sampling
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from chassis.settings import ServiceSettings


def provider(service: str, settings: ServiceSettings) -> TracerProvider:
    """Records every span and sends it where the settings say."""
    provider = TracerProvider(
        sampler=sampling.ALWAYS_ON,
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
