"""The sandbox is killed and comes back: with its books, people, guilds, commands and promises."""

import asyncio
import json
import socket
import sys
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web
from sandbox.keeping import FILE

TOKEN, KEY = "a-bot-token", "sk_test_1"
AT_STRIPE = {"Authorization": f"Bearer {KEY}"}
AT_DISCORD = {"Authorization": f"Bot {TOKEN}"}
APPLICATION = "1100000000000000000"
COMMAND = {"name": "signup", "type": 1, "description": "Join."}


class Outside:
    """A sandbox in a process of its own, and what one may ask of it."""

    def __init__(self, folder, http, hook):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.base, self.http, self.data = f"http://127.0.0.1:{self.port}", http, folder / "data"
        self.config = folder / "sandbox.json"
        stripe = {"secret_key": KEY, "webhook_url": hook, "webhook_retry_scale": 0.001}
        discord = {"token": TOKEN, "application_id": APPLICATION}
        self.config.write_text(json.dumps({"stripe": stripe, "discord": discord}))

    async def start(self):
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "sandbox", "--port", str(self.port),
            "--config", str(self.config), "--data", str(self.data),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        line = await asyncio.wait_for(self.process.stdout.readline(), 60)
        assert b"listens" in line, await self.process.stderr.read()

    async def kill(self):
        self.process.kill()
        await self.process.wait()

    async def ask(self, method, path, headers=None, **body):
        async with self.http.request(method, self.base + path, headers=headers, **body) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json()

    async def pay(self, key, amount):
        """A payment intent made with the key, and paid."""
        headers = {**AT_STRIPE, "Idempotency-Key": key}
        path, data = "/stripe/v1/payment_intents", {"amount": amount, "currency": "usd"}
        made = await self.ask("POST", path, headers, data=data)
        card = {"payment_method": "pm_card_visa"}
        path = f"/control/stripe/payment_intents/{made['id']}/pay"
        return made, await self.ask("POST", path, json=card)

    async def captured(self):
        """Wait until Stripe has captured every charge in the background."""
        async with asyncio.timeout(30):
            while not all(
                it["balance_transaction"]
                for it in (await self.ask("GET", "/control/stripe/objects/charge"))["data"]
            ):
                await asyncio.sleep(0.02)

    async def people(self):
        """A guild with a member who owns a game, a command, and a message with a button."""
        ada = await self.ask("POST", "/control/discord/users", json={"name": "ada"})
        guild = await self.ask("POST", "/control/discord/guilds", json={"name": "Deals"})
        place = {"guild": guild["id"], "user": ada["id"], "roles": ["trader"]}
        await self.ask("POST", "/control/discord/members", json=place)
        api = "/discord/api/v10"
        commands = f"{api}/applications/{APPLICATION}/commands"
        await self.ask("PUT", commands, AT_DISCORD, json=[COMMAND])
        button = {"type": 2, "style": 1, "label": "Accept", "custom_id": "v1:accept"}
        card = {"content": "An offer", "components": [{"type": 1, "components": [button]}]}
        channel = f"{api}/channels/{guild['channels'][0]['id']}/messages"
        await self.ask("POST", channel, AT_DISCORD, json=card)
        account = await self.ask("POST", "/control/roblox/users", json={"name": "ada"})
        game = {"name": "Tower", "owner": {"type": "User", "id": account["id"]}}
        await self.ask("POST", "/control/roblox/games", json=game)
        return guild["id"]

    async def all(self, guild):
        """Everything there is, as it is told."""
        paths = ["/control/books", "/control/roblox/state", "/control/discord/commands"]
        paths += [f"/control/discord/guilds/{guild}", "/control/discord/inbox?user=ada"]
        kinds = ("payment_intent", "charge", "event", "balance_transaction")
        paths += [f"/control/stripe/objects/{kind}" for kind in kinds]
        paths += ["/roblox/oauth/v1/certs"]
        return {path: await self.ask("GET", path) for path in paths}


@asynccontextmanager
async def outside(folder, answering=200):
    """A sandbox and a shop whose endpoint notes what it is told and answers so."""
    told = []

    async def receive(request):
        told.append((await request.json())["type"])
        return web.Response(status=shop["status"])

    shop = {"status": answering}
    app = web.Application()
    app.router.add_post("/hook", receive)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    listener = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, listener).start()
    hook = f"http://127.0.0.1:{listener.getsockname()[1]}/hook"
    async with aiohttp.ClientSession() as http:
        sandbox = Outside(folder, http, hook)
        await sandbox.start()
        try:
            yield sandbox, told, shop
        finally:
            await sandbox.kill()
            await runner.cleanup()


async def test_a_killed_sandbox_comes_back_with_all_that_it_had_answered(tmp_path):
    async with outside(tmp_path) as (sandbox, _, _):
        guild = await sandbox.people()
        await sandbox.pay("first", 430_000)
        await sandbox.captured()
        before = await sandbox.all(guild)

        await sandbox.kill()
        await sandbox.start()

        assert await sandbox.all(guild) == before
        assert before["/control/discord/commands"]["global"][0]["name"] == "signup"


async def test_what_was_sent_before_the_kill_and_is_sent_again_has_one_effect(tmp_path):
    async with outside(tmp_path) as (sandbox, _, _):
        first, _ = await sandbox.pay("once", 1_000)

        await sandbox.kill()
        await sandbox.start()
        headers = {**AT_STRIPE, "Idempotency-Key": "once"}
        data = {"amount": 1_000, "currency": "usd"}
        again = await sandbox.ask("POST", "/stripe/v1/payment_intents", headers, data=data)

        assert again == first
        intents = await sandbox.ask("GET", "/control/stripe/objects/payment_intent")
        assert len(intents["data"]) == 1


async def test_a_webhook_that_was_refused_comes_again_after_the_kill(tmp_path):
    async with outside(tmp_path, answering=500) as (sandbox, told, shop):
        await sandbox.pay("first", 2_000)
        async with asyncio.timeout(30):
            while "payment_intent.succeeded" not in told:
                await asyncio.sleep(0.02)

        await sandbox.kill()
        told.clear()
        shop["status"] = 200
        await sandbox.start()

        async with asyncio.timeout(30):
            while "payment_intent.succeeded" not in told:
                await asyncio.sleep(0.02)


async def test_a_kill_in_the_middle_of_many_payments_loses_none_that_was_answered(tmp_path):
    answered = []

    async def pay(sandbox, number):
        try:
            _, paid = await sandbox.pay(f"pay-{number}", 100 + number)
        except aiohttp.ClientError:
            return
        answered.append(paid["id"])

    async with outside(tmp_path) as (sandbox, _, _):
        paying = [asyncio.create_task(pay(sandbox, number)) for number in range(60)]
        async with asyncio.timeout(60):
            while len(answered) < 20:
                await asyncio.sleep(0.005)
        await sandbox.kill()
        await asyncio.gather(*paying)
        await sandbox.start()

        found = (await sandbox.ask("GET", "/control/stripe/objects/payment_intent"))["data"]
        paid = {it["id"] for it in found if it["status"] == "succeeded"}
        assert set(answered) <= paid
        books = await sandbox.ask("GET", "/control/books")
        charged = sum(it["amount"] for it in found if it["id"] in paid)
        assert books["transfer_groups"][""]["buyer_paid"] == charged


async def test_a_broken_memory_is_told_with_what_to_do(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / FILE).write_bytes(b"no database" * 500)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sandbox", "--port", "1", "--data", str(tmp_path / "data"),
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip

    _, said = await asyncio.wait_for(process.communicate(), 60)

    assert process.returncode == 1
    assert b"remove it, and the outside world begins anew" in said
    assert b"Traceback" not in said
