"""The life of an interaction: sent, acknowledged within 3 seconds, answered within 15 minutes."""

import secrets
import time
from dataclasses import dataclass

from sandbox.discord import message_payloads, payloads
from sandbox.discord.entities import (
    Callback,
    Channel,
    ChannelKind,
    Interaction,
    InteractionKind,
    Message,
    Progress,
    User,
)
from sandbox.discord.errors import (
    ApiError,
    Json,
    already_acknowledged,
    invalid_webhook_token,
    unknown,
)
from sandbox.discord.gateway import Gateway
from sandbox.discord.state import World
from sandbox.discord.stats import Stats

ACKNOWLEDGE_WITHIN_S = 3.0
TOKEN_LIVES_S = 900.0
FILE_LIMIT_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Act:
    """What a person did: the kind, its data, and the message or modal it was done on."""

    kind: InteractionKind
    data: Json
    name: str = ""
    message: Message | None = None
    opener: Interaction | None = None


class Interactions:
    """Sends interactions to the bot and keeps the time until they are answered."""

    def __init__(self, world: World, gateway: Gateway, stats: Stats) -> None:
        self._world = world
        self._gateway = gateway
        self._stats = stats

    def send(self, user: User, channel: Channel, act: Act) -> Interaction:
        """Tell the bot what the person did; the three seconds run from here."""
        world = self._world
        new_id, token = world.ids.next(), secrets.token_urlsafe(96)
        payload = self._payload(new_id, token, user, channel, act)
        interaction = Interaction(
            new_id, token, act.kind, user.id, channel.id, channel.guild_id, payload,
            world.clock.time(), time.monotonic(), act.name,
            source_message_id=act.message.id if act.message else None,
            opener_id=act.opener.id if act.opener else None,
        )  # fmt: skip
        world.interactions[new_id] = world.by_token[token] = interaction
        self._dispatch(interaction)
        if interaction.receivers == 0:
            self._stats.lost_interactions += 1
        return interaction

    def redeliver(self, interaction: Interaction) -> None:
        """Send the same event a second time, as a faulty network may."""
        interaction.redelivered += 1
        self._dispatch(interaction)

    def _dispatch(self, interaction: Interaction) -> None:
        event, guild_id = "INTERACTION_CREATE", interaction.guild_id
        interaction.receivers += self._gateway.dispatch(event, interaction.payload, guild_id)
        self._world.changes.notify()

    def _payload(self, new_id: str, token: str, user: User, channel: Channel, act: Act) -> Json:
        world = self._world
        payload: Json = {
            "id": new_id,
            "application_id": world.application_id,
            "type": int(act.kind),
            "token": token,
            "version": 1,
            "data": act.data,
            "channel": payloads.channel(world, channel, viewer=user.id),
            "channel_id": channel.id,
            "app_permissions": str(int(world.rights(channel, world.bot.id))),
            "locale": user.locale,
            "entitlements": [],
            "entitlement_sku_ids": [],
            "attachment_size_limit": FILE_LIMIT_BYTES,
            **self._place(user, channel),
        }
        if act.message is not None:
            payload["message"] = message_payloads.message(world, act.message)
        return payload

    def _place(self, user: User, channel: Channel) -> Json:
        if channel.kind is ChannelKind.DM:
            owners = {"0": "0"}
            who = payloads.user(user)
            return {"context": 1, "user": who, "authorizing_integration_owners": owners}
        guild = self._world.guilds[channel.guild_id or ""]
        rights = str(int(self._world.rights(channel, user.id)))
        member = payloads.member(guild.members[user.id], user)
        return {
            "context": 0,
            "guild_id": guild.id,
            "guild": {"id": guild.id, "locale": guild.locale, "features": []},
            "guild_locale": guild.locale,
            "member": {**member, "permissions": rights},
            "authorizing_integration_owners": {"0": guild.id},
        }

    def acknowledge(self, interaction_id: str, token: str, callback: Callback) -> Interaction:
        """Accept the first answer, unless it is late (10062) or not the first (40060)."""
        interaction = self._world.by_token.get(token)
        if interaction is None or interaction.id != interaction_id:
            raise unknown("Interaction")
        elapsed_ms = (time.monotonic() - interaction.dispatched) * 1000
        if interaction.callback is not None:
            self._stats.double_answers += 1
            raise already_acknowledged()
        if self._is_late(interaction):
            interaction.late_ms = elapsed_ms
            self._stats.late_answers += 1
            raise unknown("Interaction")
        interaction.callback = callback
        interaction.acknowledged_ms = round(elapsed_ms, 3)
        self._stats.acknowledged_ms.append(interaction.acknowledged_ms)
        self._world.changes.notify()
        return interaction

    def retract(self, interaction: Interaction) -> None:
        """The first answer was refused for its form; the bot may still try another."""
        interaction.callback = interaction.acknowledged_ms = None
        self._stats.acknowledged_ms.pop()

    def _is_late(self, interaction: Interaction) -> bool:
        moved = self._world.clock.time() - interaction.created
        return max(moved, time.monotonic() - interaction.dispatched) > ACKNOWLEDGE_WITHIN_S

    def by_webhook(self, application_id: str, token: str) -> Interaction:
        """The acknowledged interaction whose token still lives, or Discord's refusal."""
        interaction = self._world.by_token.get(token)
        if interaction is None or application_id != self._world.application_id:
            raise unknown("Webhook")
        if self._world.clock.time() - interaction.created > TOKEN_LIVES_S:
            raise invalid_webhook_token()
        if interaction.callback is None:
            raise unknown("Webhook")
        return interaction

    def note_answer(self, interaction: Interaction) -> None:
        """The person now sees an answer."""
        if interaction.answered_ms is None:
            elapsed_s = time.monotonic() - interaction.dispatched
            interaction.answered_ms = round(elapsed_s * 1000, 3)
        self._world.changes.notify()

    def progress(self, interaction: Interaction) -> Progress:
        """How far the bot has come."""
        if interaction.answered_ms is not None:
            return Progress.ANSWERED
        if interaction.callback is None:
            late = self._is_late(interaction) or interaction.receivers == 0
            return Progress.FAILED if late else Progress.PENDING
        expired = self._world.clock.time() - interaction.created > TOKEN_LIVES_S
        return Progress.FAILED if expired else Progress.ACKNOWLEDGED


def check_kind(interaction: Interaction, callback: Callback) -> None:
    """Refuse a first answer that this kind of interaction cannot have."""
    if _fits(interaction, callback):
        return
    words = f"Interactions of type {int(interaction.kind)} cannot have this response type."
    tree = {"type": {"_errors": [{"code": "INTERACTION_CALLBACK_TYPE_INVALID", "message": words}]}}
    raise ApiError(400, 50035, "Invalid Form Body", tree)


def _fits(interaction: Interaction, callback: Callback) -> bool:
    if interaction.kind is InteractionKind.AUTOCOMPLETE:
        return callback is Callback.CHOICES
    if callback in (Callback.DEFERRED_UPDATE, Callback.UPDATE):
        return interaction.source_message_id is not None
    if callback is Callback.MODAL:
        return interaction.kind is not InteractionKind.MODAL_SUBMIT
    return callback is not Callback.CHOICES
