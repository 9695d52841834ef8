"""Webhooks of channels: made by the bot, used by whoever has the token."""

import hmac
import secrets
from urllib.parse import quote

from sandbox.discord import payloads
from sandbox.discord.entities import Channel, ChannelKind, Message, User, Webhook
from sandbox.discord.errors import (
    ApiError,
    Form,
    Json,
    invalid_webhook_token,
    not_here,
    too_many,
    unknown,
)
from sandbox.discord.gateway import Gateway
from sandbox.discord.messages import Messages, Origin
from sandbox.discord.permissions import Can
from sandbox.discord.rate_limits import WEBHOOK
from sandbox.discord.rest import Call, Endpoint, Reply, Route, Token
from sandbox.discord.rest_interactions import HOOK, InteractionRest
from sandbox.discord.rest_roles import require_in_guild
from sandbox.discord.sessions import Intent
from sandbox.discord.state import World

OF_CHANNEL = "/channels/{channel_id}/webhooks"
OF_GUILD = "/guilds/{guild_id}/webhooks"
BY_ID = "/webhooks/{webhook_id}"
INCOMING = 1
MOST_WEBHOOKS = 15
FORBIDDEN_NAMES = ("clyde", "discord")


class WebhookRest:
    """The routes of webhooks, by the bot's rights or by the token in the path."""

    def __init__(
        self, world: World, messages: Messages, gateway: Gateway, answers: InteractionRest
    ) -> None:
        self._world = world
        self._messages = messages
        self._gateway = gateway
        self._answers = answers

    def routes(self) -> list[Route]:
        """All routes; those with a token are an interaction's too, told apart by the id."""
        one, answers, either = HOOK + "/messages/{message_id}", self._answers, self._either
        return [
            Route("GET", OF_CHANNEL, self.of_channel),
            Route("POST", OF_CHANNEL, self.create),
            Route("GET", OF_GUILD, self.of_guild),
            Route("GET", BY_ID, self.read),
            Route("PATCH", BY_ID, self.change),
            Route("DELETE", BY_ID, self.remove),
            either("GET", HOOK, self.read_by_token, answers.about),
            Route("PATCH", HOOK, self.change_by_token, WEBHOOK, Token.IN_PATH),
            Route("DELETE", HOOK, self.remove_by_token, WEBHOOK, Token.IN_PATH),
            either("POST", HOOK, self.execute, answers.follow_up),
            either("GET", one, self.message, answers.read),
            either("PATCH", one, self.edit, answers.edit),
            either("DELETE", one, self.delete, answers.delete),
        ]

    def _either(self, method: str, path: str, ours: Endpoint, interaction: Endpoint) -> Route:
        async def endpoint(call: Call) -> Reply:
            known = call.part("webhook_id") in self._world.webhooks
            return await (ours if known else interaction)(call)

        return Route(method, path, endpoint, WEBHOOK, Token.IN_PATH)

    def _channel(self, channel_id: str) -> Channel:
        channel = self._world.channel(channel_id)
        if channel.kind is not ChannelKind.TEXT:
            raise not_here()
        self._world.require(channel, Can.MANAGE_WEBHOOKS)
        return channel

    async def of_channel(self, call: Call) -> Reply:
        """The channel's webhooks, with their tokens."""
        channel = self._channel(call.part("channel_id"))
        found = [it for it in self._world.webhooks.values() if it.channel_id == channel.id]
        return 200, [self._shown(call, it) for it in found]

    async def of_guild(self, call: Call) -> Reply:
        """The guild's webhooks, with their tokens."""
        guild = self._world.guild(call.part("guild_id"))
        require_in_guild(self._world, guild, Can.MANAGE_WEBHOOKS)
        found = [it for it in self._world.webhooks.values() if it.guild_id == guild.id]
        return 200, [self._shown(call, it) for it in found]

    async def create(self, call: Call) -> Reply:
        """A new webhook, which belongs to the bot's application."""
        channel, world = self._channel(call.part("channel_id")), self._world
        name = _name(call.form.get("name"))
        if sum(it.channel_id == channel.id for it in world.webhooks.values()) >= MOST_WEBHOOKS:
            raise too_many("webhooks", MOST_WEBHOOKS, 30007)
        made = Webhook(
            world.ids.next(), secrets.token_urlsafe(51), channel.id, channel.guild_id or "",
            name, world.bot.id,
        )  # fmt: skip
        world.webhooks[made.id] = made
        self._tell(made)
        return 200, self._shown(call, made)

    async def read(self, call: Call) -> Reply:
        """One webhook, with its token."""
        return 200, self._shown(call, self._managed(call))

    async def read_by_token(self, call: Call) -> Reply:
        """One webhook, as who has only its token sees it."""
        return 200, self._shown(call, self._opened(call), with_user=False)

    async def change(self, call: Call) -> Reply:
        """Rename a webhook, or have it write to another channel."""
        webhook, body = self._managed(call), call.form
        target = self._channel(str(body["channel_id"])) if body.get("channel_id") else None
        self._rename(webhook, body)
        if target is not None and target.guild_id == webhook.guild_id:
            webhook.channel_id = target.id
        self._tell(webhook)
        return 200, self._shown(call, webhook)

    async def change_by_token(self, call: Call) -> Reply:
        """Rename a webhook; by its token it cannot be moved."""
        webhook = self._opened(call)
        self._rename(webhook, call.form)
        self._tell(webhook)
        return 200, self._shown(call, webhook, with_user=False)

    def _rename(self, webhook: Webhook, body: Json) -> None:
        if "name" in body:
            webhook.name = _name(body["name"])

    async def remove(self, call: Call) -> Reply:
        """Delete a webhook; what it wrote stays."""
        return self._forget(self._managed(call))

    async def remove_by_token(self, call: Call) -> Reply:
        """Delete a webhook by its token."""
        return self._forget(self._opened(call))

    def _forget(self, webhook: Webhook) -> Reply:
        del self._world.webhooks[webhook.id]
        self._tell(webhook)
        return 204, None

    async def execute(self, call: Call) -> Reply:
        """Write as the webhook; only who waits is told what was written."""
        webhook, body = self._opened(call), call.form
        channel = self._place(webhook, call)
        name = _name(body["username"], "username") if body.get("username") else webhook.name
        author = User(webhook.id, name, name, bot=True)
        message = self._messages.post(channel, author, body, call.files, Origin(by_webhook=True))
        if call.query.get("wait") not in ("1", "true"):
            return 204, None
        return 200, self._messages.payload(message)

    def _place(self, webhook: Webhook, call: Call) -> Channel:
        if call.form.get("thread_name"):
            words = "Webhooks can only create threads in forum channels"
            raise ApiError(400, 220003, words)
        channel = self._world.channel(webhook.channel_id)
        if "thread_id" not in call.query:
            return channel
        thread = self._world.channels.get(call.query["thread_id"])
        if thread is None or not thread.is_thread or thread.parent_id != channel.id:
            raise unknown("Channel")
        return thread

    async def message(self, call: Call) -> Reply:
        """One of the webhook's messages."""
        return 200, self._messages.payload(self._own(call))

    async def edit(self, call: Call) -> Reply:
        """Change one of the webhook's messages."""
        message = self._own(call)
        return 200, self._messages.payload(self._messages.edit(message, call.form, call.files))

    async def delete(self, call: Call) -> Reply:
        """Delete one of the webhook's messages."""
        self._messages.delete(self._own(call))
        return 204, None

    def _own(self, call: Call) -> Message:
        webhook = self._opened(call)
        message = self._place(webhook, call).messages.get(call.part("message_id"))
        if message is None or message.webhook_id != webhook.id:
            raise unknown("Message")
        return message

    def _managed(self, call: Call) -> Webhook:
        webhook = self._world.webhooks.get(call.part("webhook_id"))
        if webhook is None:
            raise unknown("Webhook")
        self._channel(webhook.channel_id)
        return webhook

    def _opened(self, call: Call) -> Webhook:
        webhook = self._world.webhooks.get(call.part("webhook_id"))
        if webhook is None:
            raise unknown("Webhook")
        if not hmac.compare_digest(webhook.token.encode(), call.part("token").encode()):
            raise invalid_webhook_token()
        return webhook

    def _shown(self, call: Call, of: Webhook, with_user: bool = True) -> Json:
        host = f"{call.request.scheme}://{call.request.host}"
        body: Json = {
            "id": of.id,
            "type": INCOMING,
            "name": of.name,
            "avatar": None,
            "channel_id": of.channel_id,
            "guild_id": of.guild_id,
            "application_id": self._world.application_id,
            "token": of.token,
            "url": f"{host}/discord/api/webhooks/{of.id}/{quote(of.token)}",
        }
        return {**body, "user": payloads.user(self._world.bot)} if with_user else body

    def _tell(self, about: Webhook) -> None:
        data = {"guild_id": about.guild_id, "channel_id": about.channel_id}
        self._gateway.dispatch("WEBHOOKS_UPDATE", data, about.guild_id, Intent.GUILD_WEBHOOKS)


def _name(name: object, path: str = "name") -> str:
    form = Form()
    form.text(path, name, 1, 80)
    for word in FORBIDDEN_NAMES:
        if isinstance(name, str) and word in name.lower():
            words = f'Username cannot contain "{word}"'
            form.refuse(path, "USERNAME_INVALID_CONTAINS", words)
    form.raise_if_refused()
    return str(name)
