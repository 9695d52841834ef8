"""What is counted of requests stays bounded, whatever they say."""

import httpx
from chassis.ops.telemetry import REQUESTS, TelemetryMiddleware
from fastapi import FastAPI


async def test_methods_of_one_s_own_are_counted_together():
    app = FastAPI()
    app.add_middleware(TelemetryMiddleware)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        for method in ("GET", "BREW", "STEEP"):
            await client.request(method, "/")

    counted = {
        sample.labels["method"] for family in REQUESTS.collect() for sample in family.samples
    }
    assert {"GET", "other"} <= counted
    assert not {"BREW", "STEEP"} & counted
