"""The client of Stripe, as the rail sets it up."""

import os
import subprocess
import sys

CALL = """
import asyncio
from escrow.adapters.stripe.rail import StripeRail, StripeSettings
from escrow.ports import RailUnavailable

async def main():
    url = "http://127.0.0.1:9"
    rail = StripeRail(StripeSettings(url, "sk_test_x", (), url, url, url, url))
    try:
        await rail.look_up_account("acct_1")
    except RailUnavailable:
        print("unavailable")

asyncio.run(main())
"""


def test_calling_stripe_writes_nothing_into_the_users_folder(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", CALL], capture_output=True, text=True, check=False,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
    )  # fmt: skip

    assert done.stdout == "unavailable\n", done.stderr
    assert list(tmp_path.rglob("*")) == []
