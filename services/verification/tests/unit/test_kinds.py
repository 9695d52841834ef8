"""Each kind of goods that is traded has somebody to ask, in a file named like it."""

import asyncio
from importlib.util import find_spec

import httpx
from chassis.clock import ManualClock
from contracts_schema.goods import TRADED
from verification import adapters
from verification.settings import Settings
from verification_builders import PLAIN


def test_every_traded_kind_has_a_provider_and_a_file_of_its_name():
    settings = Settings(
        database_url="postgresql://nobody@127.0.0.1/none",
        broker_url="amqp://127.0.0.1:1/",
        cursor_secret="c",
        service_secret="s" * 16,
        service_callers="listings=" + "0" * 64,
    )
    http = httpx.AsyncClient(verify=PLAIN)

    known = adapters.providers(settings, http, ManualClock())

    assert known.keys() == TRADED.keys()
    for kind in known:
        assert find_spec(f"{adapters.__name__}.{kind.lower()}") is not None
    asyncio.run(http.aclose())
