"""Registration of the bot's commands, for all guilds and for single ones."""

from sandbox.discord.command_limits import CHAT, check_commands
from sandbox.discord.errors import ApiError, Form, Json, missing_access, unknown
from sandbox.discord.rate_limits import COMMANDS
from sandbox.discord.rest import Call, Reply, Route
from sandbox.discord.state import World

GLOBAL = "/applications/{application_id}/commands"
IN_GUILD = "/applications/{application_id}/guilds/{guild_id}/commands"
OPTIONAL = ("options", "name_localizations", "description_localizations", "nsfw")


class CommandRest:
    """The synced command tree, which people's clients know and nothing else."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """The same routes for global and guild commands."""
        routes: list[Route] = []
        for root in (GLOBAL, IN_GUILD):
            one = root + "/{command_id}"
            routes += [
                Route("GET", root, self.listed, COMMANDS),
                Route("PUT", root, self.replace, COMMANDS),
                Route("POST", root, self.create, COMMANDS),
                Route("GET", one, self.read, COMMANDS),
                Route("PATCH", one, self.change, COMMANDS),
                Route("DELETE", one, self.delete, COMMANDS),
            ]
        return routes

    def _scope(self, call: Call) -> tuple[str | None, dict[str, Json]]:
        if call.part("application_id") != self._world.application_id:
            raise ApiError(
                403, 20012, "You are not authorized to perform this action on this application"
            )
        guild_id = call.request.match_info.get("guild_id")
        if guild_id is not None and guild_id not in self._world.guilds:
            raise missing_access()
        return guild_id, self._world.commands.setdefault(guild_id, {})

    def _one(self, call: Call) -> Json:
        _, known = self._scope(call)
        if (command := known.get(call.part("command_id"))) is None:
            raise unknown("Application Command")
        return command

    def _keep(self, call: Call) -> None:
        guild_id, known = self._scope(call)
        self._world.commands[guild_id] = known

    async def listed(self, call: Call) -> Reply:
        """All commands of the scope."""
        return 200, list(self._scope(call)[1].values())

    async def replace(self, call: Call) -> Reply:
        """Replace the whole scope; a command of the same name and type keeps its id."""
        guild_id, known = self._scope(call)
        if not isinstance(call.body, list):
            raise ApiError(400, 50035, "Invalid Form Body")
        _check(call.body)
        kept = [self._kept(body, guild_id, known) for body in call.body]
        self._world.commands[guild_id] = {command["id"]: command for command in kept}
        self._world.changes.notify()
        return 200, kept

    async def create(self, call: Call) -> Reply:
        """Add a command, or overwrite the one of the same name and type."""
        guild_id, known = self._scope(call)
        _check([call.form])
        command = self._kept(call.form, guild_id, known)
        status = 200 if command["id"] in known else 201
        known[command["id"]] = command
        self._world.commands[guild_id] = known
        return status, command

    async def read(self, call: Call) -> Reply:
        """One command."""
        return 200, self._one(call)

    async def change(self, call: Call) -> Reply:
        """Change a command's given fields."""
        command = self._one(call)
        changed = {**command, **call.form, "type": command["type"]}
        _check([changed])
        command |= call.form
        command["version"] = self._world.ids.next()
        self._keep(call)
        return 200, command

    async def delete(self, call: Call) -> Reply:
        """Forget a command."""
        command = self._one(call)
        del self._scope(call)[1][command["id"]]
        self._keep(call)
        return 204, None

    def _kept(self, body: Json, guild_id: str | None, known: dict[str, Json]) -> Json:
        kind = body.get("type", CHAT)
        same = [c["id"] for c in known.values() if (c["type"], c["name"]) == (kind, body["name"])]
        command: Json = {
            "id": same[0] if same else self._world.ids.next(),
            "application_id": self._world.application_id,
            "version": self._world.ids.next(),
            "type": kind,
            "name": body["name"],
            "description": body.get("description") or "",
            "default_member_permissions": _permissions(body.get("default_member_permissions")),
            "dm_permission": body.get("dm_permission", True) is not False,
            "contexts": body.get("contexts"),
            "integration_types": body.get("integration_types") or [0],
            "nsfw": False,
        }
        if guild_id is not None:
            command["guild_id"] = guild_id
        return command | {key: body[key] for key in OPTIONAL if body.get(key) is not None}


def _permissions(given: object) -> str | None:
    return None if given is None else str(given)


def _check(commands: list[Json]) -> None:
    form = Form()
    check_commands(commands, form)
    form.raise_if_refused()
