"""First answers and follow-ups to interactions."""

from sandbox.discord.entities import (
    EPHEMERAL,
    LOADING,
    Callback,
    Interaction,
    InteractionKind,
    Message,
)
from sandbox.discord.errors import ApiError, Form, Json, unknown
from sandbox.discord.interactions import Interactions, check_kind
from sandbox.discord.message_payloads import REPLY
from sandbox.discord.messages import Messages, Origin
from sandbox.discord.modals import check_modal, opened
from sandbox.discord.rest import Call, File, Reply, Route, Token
from sandbox.discord.state import World

COMMAND_REPLY, CONTEXT_REPLY = 20, 23
ORIGINAL = "@original"
APPLICATION_WEBHOOK = 3
HOOK = "/webhooks/{webhook_id}/{token}"
MOST_CHOICES = 25


class InteractionRest:
    """The routes an interaction's token opens."""

    def __init__(self, world: World, interactions: Interactions, messages: Messages) -> None:
        self._world = world
        self._interactions = interactions
        self._messages = messages

    def routes(self) -> list[Route]:
        """The callback's route; those of later answers are shared with webhooks."""
        callback = "/interactions/{interaction_id}/{token}/callback"
        return [Route("POST", callback, self.callback, token=Token.IN_PATH)]

    async def callback(self, call: Call) -> Reply:
        """The one first answer."""
        try:
            kind = Callback(call.form.get("type", 0))
        except ValueError as error:
            form = Form()
            form.one_of("type", call.form.get("type"), tuple(int(c) for c in Callback))
            form.raise_if_refused()
            raise ApiError(400, 50035, "Invalid Form Body") from error
        interaction = self._interactions.acknowledge(
            call.part("interaction_id"), call.part("token"), kind
        )
        try:
            check_kind(interaction, kind)
            message = self._apply(interaction, kind, _data(call), call.files)
        except ApiError:
            self._interactions.retract(interaction)
            raise
        if call.query.get("with_response") not in ("1", "true"):
            return 204, None
        return 200, self._response(interaction, kind, message)

    def _apply(
        self, interaction: Interaction, kind: Callback, data: Json, files: list[File]
    ) -> Message | None:
        if kind is Callback.CHOICES:
            interaction.choices = _checked_choices(data)
        elif kind is Callback.MODAL:
            check_modal(data)
            interaction.modal = opened(data)
        elif kind is Callback.DEFERRED_UPDATE:
            interaction.original_id = interaction.source_message_id
            return None
        elif kind is Callback.UPDATE:
            return self._update(interaction, data, files)
        else:
            return self._reply(interaction, kind, data, files)
        self._interactions.note_answer(interaction)
        return None

    def _update(self, interaction: Interaction, data: Json, files: list[File]) -> Message:
        message = self._world.messages.get(interaction.source_message_id or "")
        if message is None:
            raise unknown("Message")
        self._messages.edit(message, data, files)
        interaction.original_id = message.id
        self._interactions.note_answer(interaction)
        return message

    def _reply(
        self, interaction: Interaction, kind: Callback, data: Json, files: list[File]
    ) -> Message:
        flags = LOADING if kind is Callback.DEFERRED_MESSAGE else 0
        message = self._post(interaction, data, files, self._origin(interaction, data, flags))
        interaction.original_id = message.id
        if kind is Callback.MESSAGE:
            self._interactions.note_answer(interaction)
        return message

    def _origin(self, interaction: Interaction, data: Json, flags: int) -> Origin:
        ephemeral = (data.get("flags") or 0) & EPHEMERAL
        source = interaction.source_message_id
        if interaction.kind is InteractionKind.COMMAND:
            context = interaction.payload["data"].get("type", 1) != 1
            reply = CONTEXT_REPLY if context else COMMAND_REPLY
        else:
            reply = REPLY if source in self._world.messages else 0
        return Origin(
            kind=reply,
            interaction_id=interaction.id,
            shown_to=interaction.user_id if ephemeral else None,
            extra_flags=flags | ephemeral,
            reference=source if reply == REPLY else None,
            parse_by_default=("users",),
        )

    def _post(
        self, interaction: Interaction, data: Json, files: list[File], origin: Origin
    ) -> Message:
        channel = self._world.channel(interaction.channel_id)
        return self._messages.post(channel, self._world.bot, data, files, origin)

    def _response(self, interaction: Interaction, kind: Callback, message: Message | None) -> Json:
        about: Json = {
            "id": interaction.id,
            "type": int(interaction.kind),
            "response_message_loading": kind is Callback.DEFERRED_MESSAGE,
            "response_message_ephemeral": bool(message and message.is_ephemeral),
            "channel_id": interaction.channel_id,
        }
        if interaction.original_id is not None:
            about["response_message_id"] = interaction.original_id
        if interaction.guild_id is not None:
            about["guild_id"] = interaction.guild_id
        body: Json = {"interaction": about}
        if message is not None and kind in (Callback.MESSAGE, Callback.UPDATE):
            body["resource"] = {"type": int(kind), "message": self._messages.payload(message)}
        elif message is not None:
            # The real API tells of the loading message only by its id.
            about["response_message_id"] = message.id
        return body

    async def follow_up(self, call: Call) -> Reply:
        """A further message; the first after a deferred answer fills the waiting one."""
        interaction = self._found(call)
        form = Form()
        form.whole("flags", call.form.get("flags"), 0, 1 << 30)
        form.raise_if_refused()
        waiting = self._world.messages.get(interaction.original_id or "")
        if waiting is not None and waiting.is_loading:
            message = self._edit(interaction, waiting, call)
        else:
            origin = self._origin(interaction, call.form, 0)
            if interaction.original_id is not None and origin.reference is None:
                origin = self._under_original(interaction, origin)
            message = self._post(interaction, call.form, call.files, origin)
            interaction.followups = [*interaction.followups, message.id]
            self._interactions.note_answer(interaction)
        return 200, self._messages.payload(message)

    def _under_original(self, interaction: Interaction, origin: Origin) -> Origin:
        original = interaction.original_id
        known = original in self._world.messages
        return Origin(
            kind=REPLY if known else 0,
            interaction_id=origin.interaction_id,
            shown_to=origin.shown_to,
            extra_flags=origin.extra_flags,
            reference=original if known else None,
            parse_by_default=origin.parse_by_default,
        )

    async def read(self, call: Call) -> Reply:
        """One of the interaction's messages."""
        return 200, self._messages.payload(self._message(self._found(call), call))

    async def edit(self, call: Call) -> Reply:
        """Change one of the interaction's messages."""
        interaction = self._found(call)
        message = self._edit(interaction, self._message(interaction, call), call)
        return 200, self._messages.payload(message)

    async def delete(self, call: Call) -> Reply:
        """Delete one of the interaction's messages."""
        self._messages.delete(self._message(self._found(call), call))
        return 204, None

    def _edit(self, interaction: Interaction, message: Message, call: Call) -> Message:
        was_loading = message.is_loading
        self._messages.edit(message, call.form, call.files)
        if was_loading:
            message.edits = 0
        self._interactions.note_answer(interaction)
        return message

    async def about(self, call: Call) -> Reply:
        """The application's own webhook, which an interaction's token opens."""
        self._found(call)
        return 200, {
            "id": self._world.application_id,
            "type": APPLICATION_WEBHOOK,
            "name": self._world.bot.username,
            "avatar": None,
            "channel_id": None,
            "guild_id": None,
            "application_id": self._world.application_id,
        }

    def _found(self, call: Call) -> Interaction:
        return self._interactions.by_webhook(call.part("webhook_id"), call.part("token"))

    def _message(self, interaction: Interaction, call: Call) -> Message:
        wanted = call.part("message_id")
        if wanted == ORIGINAL:
            wanted = interaction.original_id or ""
        elif wanted != interaction.original_id and wanted not in interaction.followups:
            raise unknown("Message")
        if (message := self._world.messages.get(wanted)) is None:
            raise unknown("Message")
        return message


def _data(call: Call) -> Json:
    form = Form()
    data = form.an_object("data", call.form.get("data"))
    form.whole("data.flags", data.get("flags"), 0, 1 << 30)
    form.raise_if_refused()
    return data


def _checked_choices(data: Json) -> list[Json]:
    form = Form()
    choices = form.objects("data.choices", data.get("choices"))
    if len(choices) > MOST_CHOICES:
        form.length("data.choices", 0, MOST_CHOICES)
    for index, choice in enumerate(choices):
        form.text(f"data.choices.{index}.name", choice.get("name"), 1, 100)
        if isinstance(choice.get("value"), str):
            form.text(f"data.choices.{index}.value", choice["value"], 1, 100)
    form.raise_if_refused()
    return choices
