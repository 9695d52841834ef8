"""What a message must satisfy before Discord takes it, and how its parts are stored."""

from dataclasses import dataclass

from sandbox.discord.components import Checker
from sandbox.discord.entities import COMPONENTS_V2
from sandbox.discord.errors import Form, Json, empty_message
from sandbox.discord.snowflakes import is_snowflake

MOST_CONTENT, MOST_EMBEDS, MOST_EMBED_TEXT = 2000, 10, 6000
LEGACY = ("content", "embeds", "poll", "sticker_ids", "stickers")
PARSED_LISTS = ("parse", "users", "roles")
PARSEABLE = ("roles", "users", "everyone")


@dataclass(frozen=True, slots=True)
class Before:
    """What a message already holds when it is edited."""

    flags: int = 0
    filled: bool = False


NEW = Before()


def check_message(body: Json, files: int, before: Before = NEW) -> None:
    """Refuse a body that Discord would refuse, naming every wrong field."""
    form = Form()
    flags = body.get("flags") or 0
    form.whole("flags", flags, 0, 1 << 30)
    v2 = bool((flags | before.flags) & COMPONENTS_V2) if type(flags) is int else False
    if v2:
        _no_legacy(form, body)
    if body.get("content") is not None:
        _content(form, body["content"])
    _embeds(form, body.get("embeds") or [])
    if body.get("components") is not None:
        Checker(form).message(body["components"], v2=v2)
    _allowed_mentions(form, body.get("allowed_mentions"))
    form.objects("attachments", body.get("attachments"))
    form.an_object("message_reference", body.get("message_reference"))
    form.raise_if_refused()
    if not before.filled and not files and not _says_something(body):
        raise empty_message()


def _says_something(body: Json) -> bool:
    return any(body.get(key) for key in ("content", "embeds", "components", "sticker_ids", "poll"))


def _no_legacy(form: Form, body: Json) -> None:
    for name in LEGACY:
        if body.get(name):
            words = f"The '{name}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
            form.refuse(name, "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", words)


def _content(form: Form, content: object) -> None:
    if not isinstance(content, str):
        form.refuse("content", "BASE_TYPE_STRING", "Value must be a string.")
    elif len(content) > MOST_CONTENT:
        form.length("content", 0, MOST_CONTENT)


def _embeds(form: Form, embeds: object) -> None:
    listed = form.objects("embeds", embeds)
    if len(listed) > MOST_EMBEDS:
        form.length("embeds", 0, MOST_EMBEDS)
    total = sum(_embed(form, f"embeds.{index}", embed) for index, embed in enumerate(listed))
    if total > MOST_EMBED_TEXT:
        words = f"Embed size exceeds maximum size of {MOST_EMBED_TEXT}"
        form.refuse("embeds", "MAX_EMBED_SIZE_EXCEEDED", words)


def _embed(form: Form, path: str, embed: Json) -> int:
    """Check one embed; returns how many characters it counts."""
    footer = form.an_object(f"{path}.footer", embed.get("footer"))
    author = form.an_object(f"{path}.author", embed.get("author"))
    texts = [
        (f"{path}.title", embed.get("title"), 256),
        (f"{path}.description", embed.get("description"), 4096),
        (f"{path}.footer.text", footer.get("text"), 2048),
        (f"{path}.author.name", author.get("name"), 256),
    ]
    fields = form.objects(f"{path}.fields", embed.get("fields"))
    if len(fields) > 25:
        form.length(f"{path}.fields", 0, 25)
    for index, field in enumerate(fields):
        form.text(f"{path}.fields.{index}.name", field.get("name"), 1, 256)
        form.text(f"{path}.fields.{index}.value", field.get("value"), 1, 1024)
    for where, text, most in texts:
        if text is not None:
            form.text(where, text, 0, most)
    in_fields = sum(len(str(f.get("name"))) + len(str(f.get("value"))) for f in fields)
    return in_fields + sum(len(str(text)) for _, text, _ in texts if text is not None)


def _allowed_mentions(form: Form, allowed: object) -> None:
    if allowed is None:
        return
    if not isinstance(allowed, dict):
        form.refuse("allowed_mentions", "MODEL_TYPE_CONVERT", "Only dictionaries may be used.")
        return
    if not all(isinstance(allowed.get(key) or [], list) for key in PARSED_LISTS):
        form.refuse("allowed_mentions", "LIST_TYPE_CONVERT", "Only iterables may be used.")
        return
    for index, kind in enumerate(allowed.get("parse") or []):
        if kind not in PARSEABLE:
            words = f"Value must be one of {PARSEABLE}."
            form.refuse(f"allowed_mentions.parse.{index}", "BASE_TYPE_CHOICES", words)
    for kind in ("users", "roles"):
        _listed_mentions(form, kind, allowed)


def _listed_mentions(form: Form, kind: str, allowed: Json) -> None:
    listed = allowed.get(kind) or []
    if listed and kind in (allowed.get("parse") or []):
        words = f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.'
        form.refuse("allowed_mentions", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", words)
    if len(listed) > 100:
        form.length(f"allowed_mentions.{kind}", 0, 100)
    for index, value in enumerate(listed):
        if not is_snowflake(value):
            path = f"allowed_mentions.{kind}.{index}"
            form.refuse(path, "NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.')


def kept_embed(embed: Json) -> Json:
    """An embed as Discord returns it."""
    body = {key: value for key, value in embed.items() if value is not None}
    body["type"] = "rich"
    if "fields" in body:
        body["fields"] = [{"inline": False, **field} for field in body["fields"]]
    return body
