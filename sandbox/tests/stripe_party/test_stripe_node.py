"""A shop on stripe-node, which is told a host and a port and no path."""

from pathlib import Path

import pytest
from client_process import run_node
from foreign import node_packages
from stripe_harness import SECRET_KEY, Harness


@pytest.mark.slow
async def test_a_shop_on_stripe_node_does_what_it_does_at_stripe(harness: Harness) -> None:
    client = node_packages("stripe@23.1.0")
    script = Path(__file__).with_name("stripe_shop.cjs")

    said = await run_node(script, client, SANDBOX=harness.base, KEY=SECRET_KEY)

    assert said.endswith("done")


@pytest.mark.parametrize("root", ["", "/stripe"])
async def test_the_api_is_the_same_with_and_without_a_path_before_it(
    harness: Harness, root: str
) -> None:
    headers = {"Authorization": f"Bearer {SECRET_KEY}", "Idempotency-Key": "k"}
    await harness.fault("status_after", "POST /v1/customers")

    async def created(under: str) -> tuple[int, dict]:
        url = f"{harness.base}{under}/v1/customers"
        async with harness.http.post(url, data={"name": "n"}, headers=headers) as response:
            return response.status, await response.json()

    assert (await created(root))[0] == 500
    assert await created("/stripe") == await created("")
    unknown = f"{harness.base}{root}/v1/nothing"
    async with harness.http.get(unknown, headers=headers) as response:
        said = (await response.json())["error"]["message"]
    assert said.startswith("Unrecognized request URL (GET: /v1/nothing)")
