"""What an application command must satisfy before Discord registers it."""

import re
from collections.abc import Iterator

from sandbox.discord.errors import Form, Json

CHAT, USER_MENU, MESSAGE_MENU = 1, 2, 3
SUBCOMMAND, GROUP, STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, FILE = range(
    1, 12
)
NAME = re.compile(r"[-_'\w]{1,32}", re.UNICODE)
MOST_OPTIONS = MOST_CHOICES = 25
MOST_CHARACTERS = 8000
MOST_COMMANDS = {CHAT: 100, USER_MENU: 15, MESSAGE_MENU: 15}


def check_commands(commands: list[Json], form: Form, prefix: str = "") -> None:
    """Note everything that Discord would refuse in a list of commands."""
    seen: list[tuple[object, object]] = []
    for index, command in enumerate(form.objects("_list", commands)):
        path = f"{prefix}{index}"
        _command(form, path, command)
        key = (command.get("type", CHAT), command.get("name"))
        if key in seen:
            words = "Application command names must be unique"
            form.refuse(path, "APPLICATION_COMMANDS_DUPLICATE_NAME", words)
        seen.append(key)
    for kind, most in MOST_COMMANDS.items():
        if sum(command.get("type", CHAT) == kind for command in _objects(commands)) > most:
            form.length("_list", 0, most)


def _command(form: Form, path: str, command: Json) -> None:
    kind = command.get("type", CHAT)
    if not form.one_of(f"{path}.type", kind, (CHAT, USER_MENU, MESSAGE_MENU)):
        return
    if kind == CHAT:
        _name(form, f"{path}.name", command.get("name"))
        form.text(f"{path}.description", command.get("description"), 1, 100)
        _options(form, f"{path}.options", command.get("options"), depth=0)
        if _characters(command) > MOST_CHARACTERS:
            words = f"Command exceeds maximum size ({MOST_CHARACTERS})"
            form.refuse(path, "APPLICATION_COMMAND_TOO_LARGE", words)
    else:
        form.text(f"{path}.name", command.get("name"), 1, 32)
        if command.get("description") or command.get("options"):
            words = "Context menu commands cannot have a description or options"
            form.refuse(path, "APPLICATION_COMMAND_CONTEXT_MENU_HAS_DETAILS", words)


def _name(form: Form, path: str, name: object) -> None:
    if not isinstance(name, str) or not NAME.fullmatch(name) or name != name.lower():
        words = "Command name is invalid"
        form.refuse(path, "APPLICATION_COMMAND_INVALID_NAME", words)


def _options(form: Form, path: str, given: object, depth: int) -> None:
    options = form.objects(path, given)
    if len(options) > MOST_OPTIONS:
        form.length(path, 0, MOST_OPTIONS)
    names: list[object] = []
    optional_seen = False
    for index, option in enumerate(options):
        where = f"{path}.{index}"
        _option(form, where, option, depth)
        if option.get("name") in names:
            words = "Option name is already used"
            form.refuse(f"{where}.name", "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", words)
        names.append(option.get("name"))
        if option.get("required") and optional_seen:
            words = "Required options must be placed before non-required options"
            form.refuse(where, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", words)
        optional_seen |= not option.get("required")


def _option(form: Form, path: str, option: Json, depth: int) -> None:
    kind = option.get("type")
    if not form.one_of(f"{path}.type", kind, tuple(range(SUBCOMMAND, FILE + 1))):
        return
    _name(form, f"{path}.name", option.get("name"))
    form.text(f"{path}.description", option.get("description"), 1, 100)
    if kind in (SUBCOMMAND, GROUP):
        if depth > 1 or (kind == GROUP and depth > 0):
            words = "Sub-command options cannot be nested deeper"
            form.refuse(f"{path}.type", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", words)
        else:
            _options(form, f"{path}.options", option.get("options"), depth + 1)
    else:
        _choices(form, path, option)


def _choices(form: Form, path: str, option: Json) -> None:
    choices = form.objects(f"{path}.choices", option.get("choices"))
    if choices and option.get("autocomplete"):
        words = "Choices and autocomplete exclude each other"
        form.refuse(path, "APPLICATION_COMMAND_OPTIONS_CHOICES_AND_AUTOCOMPLETE", words)
    if len(choices) > MOST_CHOICES:
        form.length(f"{path}.choices", 0, MOST_CHOICES)
    kinds = {STRING: (str,), INTEGER: (int,), NUMBER: (int, float)}.get(option["type"], ())
    for index, choice in enumerate(choices):
        form.text(f"{path}.choices.{index}.name", choice.get("name"), 1, 100)
        if type(choice.get("value")) not in kinds:
            words = "The choice's value has the wrong type"
            form.refuse(f"{path}.choices.{index}.value", "BASE_TYPE_CHOICES", words)


def _characters(node: Json) -> int:
    own = sum(_longest(node, key) for key in ("name", "description"))
    choices = sum(
        _longest(choice, "name") + len(str(choice.get("value", "")))
        for choice in _objects(node.get("choices"))
    )
    return own + choices + sum(_characters(option) for option in _objects(node.get("options")))


def _objects(value: object) -> list[Json]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _longest(node: Json, key: str) -> int:
    translated = node.get(f"{key}_localizations")
    texts = list(translated.values()) if isinstance(translated, dict) else []
    return max(len(str(text)) for text in (node.get(key) or "", *texts))


def leaves(command: Json) -> Iterator[tuple[str, Json]]:
    """Every invocable path of a chat command with its node: `listing create`."""
    options = command.get("options") or []
    inner = [option for option in options if option["type"] in (SUBCOMMAND, GROUP)]
    if not inner:
        yield command["name"], command
    for option in inner:
        for path, node in leaves(option):
            yield f"{command['name']} {path}", node
