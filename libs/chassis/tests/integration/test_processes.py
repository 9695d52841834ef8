"""The same service as processes: asked to stop, killed at its worst moments, split by role."""

import asyncio
import json
import signal
import socket
from contextlib import suppress

import httpx
import pytest
from chassis.messaging.publisher import Publisher
from chassis.messaging.relay import Relay
from chassis.storage import database, wakeups
from chassis_builders import until
from chassis_process import a_note, is_live, process

NOTES = 20
MOST_FILES = 96
ALL = "SELECT count(*) FROM audit_entries WHERE action = 'noted'"
DISTINCT = "SELECT count(DISTINCT subject_id) FROM audit_entries WHERE action = 'noted'"


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def environment(database_url, broker_for, tmp_path) -> dict[str, str]:
    return {
        "HOLDFAST_DATABASE_URL": database_url,
        "HOLDFAST_BROKER_URL": broker_for("notifier").url("notifier"),
        "HOLDFAST_PORT": str(free_port()),
        "HOLDFAST_TRACE_FILE": str(tmp_path / "spans"),
    }


@pytest.fixture
async def notifier(database_url, clock):
    async with database.connect(database_url, clock, "notifier") as opened:
        yield opened


@pytest.fixture
async def client(environment):
    url = f"http://127.0.0.1:{environment['HOLDFAST_PORT']}"
    async with httpx.AsyncClient(base_url=url) as client:
        yield client


async def stage(db, count: int) -> None:
    async with db.transaction() as transaction:
        for _ in range(count):
            transaction.stage(a_note())


async def all_noted_once(db) -> None:
    async def done() -> bool:
        return await db.value(DISTINCT) >= NOTES

    await until(done)
    assert await db.value(ALL) == await db.value(DISTINCT) == NOTES
    assert await db.value("SELECT count(*) FROM inbox") == NOTES


@pytest.mark.fault("P7")
async def test_who_is_asked_to_stop_in_the_middle_of_its_work_loses_nothing(notifier, environment):
    await stage(notifier, NOTES)

    async with process(environment | {"SLOW_S": "0.7"}) as first:
        await until(lambda: notifier.value(ALL))
        first.send_signal(signal.SIGTERM)
        async with asyncio.timeout(60):
            assert await first.wait() in (0, -signal.SIGTERM)
        assert 0 < await notifier.value(ALL) < NOTES
    async with process(environment):
        await all_noted_once(notifier)


@pytest.mark.parametrize(
    "where",
    [
        pytest.param("relay.after_claim", marks=pytest.mark.fault("P1")),
        pytest.param("relay.after_confirm", marks=pytest.mark.fault("P2")),
        pytest.param("consumer.before_ack.notifier.events:3", marks=pytest.mark.fault("P3")),
        pytest.param("consumer.before_commit.notifier.events:3", marks=pytest.mark.fault("P4")),
    ],
)
async def test_who_is_killed_at_its_worst_moment_loses_and_doubles_nothing(
    notifier, environment, where
):
    await stage(notifier, NOTES)

    async with process(environment | {"HOLDFAST_FAILPOINTS": where}) as first:
        async with asyncio.timeout(60):
            assert await first.wait() == -signal.SIGKILL
    async with process(environment):
        await all_noted_once(notifier)


@pytest.mark.parametrize(
    "where",
    [
        pytest.param("consumer.before_ack.notifier.events:3", marks=pytest.mark.fault("P3")),
        pytest.param("consumer.before_commit.notifier.events:12", marks=pytest.mark.fault("P4")),
    ],
)
async def test_who_is_killed_in_the_middle_of_a_batch_loses_and_doubles_nothing(
    notifier, environment, where
):
    at_once = environment | {"BULK": "1"}
    publisher = Publisher(environment["HOLDFAST_BROKER_URL"], "notifier")
    await stage(notifier, NOTES)
    assert await Relay(notifier, publisher).once() == NOTES
    await publisher.close()

    async with process(at_once | {"HOLDFAST_FAILPOINTS": where}) as first:
        async with asyncio.timeout(60):
            assert await first.wait() == -signal.SIGKILL
    left = await notifier.value("SELECT count(*) FROM inbox")
    assert left >= 3 if "ack" in where else left < 12
    async with process(at_once):
        await all_noted_once(notifier)
    together = "SELECT count(DISTINCT xmin::text) FROM inbox"
    assert await notifier.value(together) < NOTES / 2


async def faults(client) -> dict[str, str] | None:
    """What /ready names; None while it does not answer."""
    try:
        return (await client.get("/ready")).json()["faults"]
    except httpx.HTTPError:
        return None


async def test_who_runs_out_of_open_files_says_so_and_works_on_when_they_are_free(
    notifier, environment, client, tmp_path
):
    async def out_of_files() -> bool:
        return "open_files" in (await faults(client) or ())

    async def ready() -> bool:
        return await faults(client) == {}

    with (tmp_path / "log").open("wb") as log:
        async with process(environment, MOST_FILES, log):
            await until(ready)
            port = int(environment["HOLDFAST_PORT"])
            crowd = [await asyncio.open_connection("127.0.0.1", port) for _ in range(MOST_FILES)]
            await until(out_of_files)
            await stage(notifier, NOTES)
            for _, writer in crowd:
                writer.close()
            await until(ready)
            await all_noted_once(notifier)

    lines = [json.loads(it) for it in (tmp_path / "log").read_text().splitlines()]
    told = [it for it in lines if it["event"].startswith("open_files.")]
    assert [it["event"] for it in told] == ["open_files.exhausted", "open_files.free_again"]
    assert told[0]["limit"] == MOST_FILES
    assert "ulimit -n" in told[0]["next_step"]


async def post_notes(client) -> None:
    for number in range(NOTES):
        await client.post("/v1/notes", headers={"Idempotency-Key": f"note-{number:04}"})


@pytest.mark.parametrize(
    "where",
    [
        pytest.param("relay.after_claim:5", marks=pytest.mark.fault("P1")),
        pytest.param("relay.after_confirm:2", marks=pytest.mark.fault("P2")),
    ],
)
async def test_who_is_killed_with_messages_in_memory_loses_and_doubles_nothing(
    notifier, environment, client, where
):
    async with process(environment | {"HOLDFAST_FAILPOINTS": where}) as first:
        await until(lambda: is_live(client))
        with suppress(httpx.HTTPError):
            while True:
                await post_notes(client)
        async with asyncio.timeout(60):
            assert await first.wait() == -signal.SIGKILL
    async with process(environment):
        await until(lambda: is_live(client))
        await post_notes(client)
        await all_noted_once(notifier)


async def test_who_is_asked_to_stop_marks_what_it_published(notifier, environment, client):
    async with process(environment) as first:
        await until(lambda: is_live(client))
        await post_notes(client)
        first.send_signal(signal.SIGTERM)
        async with asyncio.timeout(60):
            assert await first.wait() in (0, -signal.SIGTERM)

    assert await notifier.value("SELECT count(*) FROM outbox") == NOTES
    assert await notifier.value("SELECT count(*) FROM outbox WHERE published_at IS NULL") == 0


async def test_one_trace_goes_from_the_request_through_the_broker_to_the_consumer(
    environment, client, tmp_path, notifier
):
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    async with process(environment):
        await until(lambda: is_live(client))
        answer = await client.post(
            "/v1/notes", headers={"traceparent": f"00-{trace_id}-b7ad6b7169203331-01"}
        )
        await until(lambda: notifier.value(ALL))
        names = {"POST /v1/notes", "notifier.events process"}

        def spans() -> list[dict]:
            lines = (tmp_path / "spans").read_text().splitlines()
            return [span for span in map(json.loads, lines) if span["name"] in names]

        await until(lambda: (tmp_path / "spans").exists() and len(spans()) == 2)

    assert {span["trace_id"] for span in spans()} == {trace_id}
    assert trace_id in answer.headers["traceresponse"]
    posted, consumed = sorted(spans(), key=lambda span: span["start_ns"])
    assert consumed["parent_id"] == posted["span_id"]
    assert consumed["attributes"]["holdfast.outcome"] == "applied"


@pytest.mark.parametrize("given", [True, False], ids=["continued", "begun"])
async def test_a_trace_travels_where_no_span_is_recorded(environment, client, notifier, given):
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    headers = {"traceparent": f"00-{trace_id}-b7ad6b7169203331-01"} if given else {}
    del environment["HOLDFAST_TRACE_FILE"]
    async with process(environment):
        await until(lambda: is_live(client))
        answer = await client.post("/v1/notes", headers=headers)
        await until(lambda: notifier.value(ALL))

    told = answer.headers["traceresponse"].split("-")[1]
    [row] = await notifier.rows("SELECT headers FROM outbox")
    assert json.loads(row["headers"])["cloudEvents_traceparent"].split("-")[1] == told
    assert (told == trace_id) is given


async def test_a_commit_in_an_api_process_wakes_the_relay_of_a_worker(
    environment, client, notifier, database_url
):
    """The worker here looks by itself only once an hour: what comes sooner was called."""
    publisher = Publisher(environment["HOLDFAST_BROKER_URL"], "notifier")
    tasks = [
        asyncio.ensure_future(Relay(notifier, publisher, look_every_s=3600).forever()),
        asyncio.ensure_future(wakeups.listen_forever(notifier, database_url)),
    ]
    unsent = "SELECT count(*) FROM outbox WHERE published_at IS NULL"

    async def all_sent() -> bool:
        return await notifier.value(unsent) == 0

    async with process(environment | {"HOLDFAST_ROLE": "api"}):
        await until(lambda: is_live(client))
        for _ in range(5):
            await asyncio.gather(*(client.post("/v1/notes") for _ in range(10)))
            await until(all_sent)

    assert await notifier.value("SELECT count(*) FROM outbox") == 50
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await publisher.close()


async def test_an_api_process_publishes_and_consumes_nothing_itself(environment, client, notifier):
    async with process(environment | {"HOLDFAST_ROLE": "api"}):
        await until(lambda: is_live(client))
        await client.post("/v1/notes")
        assert (await client.get("/ready")).status_code == 200
        await asyncio.sleep(1)

    assert await notifier.value("SELECT count(*) FROM outbox WHERE published_at IS NULL") == 1


async def test_two_processes_that_play_their_roles_do_the_whole_way(environment, client, notifier):
    worker = environment | {"HOLDFAST_ROLE": "worker", "HOLDFAST_PORT": str(free_port())}

    async with process(environment | {"HOLDFAST_ROLE": "api"}), process(worker):
        await until(lambda: is_live(client))
        for number in range(NOTES):
            headers = {"Idempotency-Key": f"note-{number:04}"}
            for _ in range(2):
                await client.post("/v1/notes", headers=headers)
        await all_noted_once(notifier)
