"""Modals: what Discord refuses to open, and how a person's entries are judged and sent."""

from collections.abc import Iterator
from typing import Any

from sandbox.discord.components import LABEL, ROW, SELECTS, TEXT, TEXT_INPUT, Checker, kept
from sandbox.discord.errors import Form, Json

FILE_UPLOAD, RADIO, CHECKBOXES, CHECKBOX = 19, 21, 22, 23
IN_LABEL = (TEXT_INPUT, *SELECTS, FILE_UPLOAD, RADIO, CHECKBOXES, CHECKBOX)
MOST_TOP = 5


class BadEntry(Exception):
    """The client would not let the person submit this; says which field and why."""


def check_modal(data: object) -> None:
    """Refuse a modal that Discord would refuse."""
    form = Form()
    body = data if isinstance(data, dict) else {}
    form.text("data.title", body.get("title"), 1, 45)
    form.text("data.custom_id", body.get("custom_id"), 1, 100)
    components = body.get("components")
    if not isinstance(components, list) or not 1 <= len(components) <= MOST_TOP:
        form.length("data.components", 1, MOST_TOP)
    else:
        checker = Checker(form)
        for index, component in enumerate(form.objects("data.components", components)):
            _top(checker, f"data.components.{index}", component)
    form.raise_if_refused()


def _top(checker: Checker, path: str, component: Json) -> None:
    form = checker.form
    kind = component.get("type")
    if kind == ROW:
        inside = form.objects(f"{path}.components", component.get("components"))
        if len(inside) != 1:
            form.length(f"{path}.components", 1, 1)
            return
        form.text(f"{path}.components.0.label", inside[0].get("label"), 1, 45)
        _field(checker, f"{path}.components.0", inside[0], (TEXT_INPUT,))
    elif kind == LABEL:
        form.text(f"{path}.label", component.get("label"), 1, 45)
        if component.get("description") is not None:
            form.text(f"{path}.description", component["description"], 1, 100)
        inner = form.an_object(f"{path}.component", component.get("component"))
        _field(checker, f"{path}.component", inner, IN_LABEL)
    else:
        checker.one(path, component, (TEXT,))


def _field(checker: Checker, path: str, field: Json, allowed: tuple[int, ...]) -> None:
    form = checker.form
    kind = field.get("type")
    if type(kind) is not int or kind not in allowed:
        words = f'Value of field "type" must be one of {allowed}.'
        form.refuse(f"{path}.type", "UNION_TYPE_CHOICES", words)
        return
    if field.get("disabled"):
        words = "A component in a modal cannot be disabled"
        form.refuse(f"{path}.disabled", "COMPONENT_DISABLED_IN_MODAL", words)
    if kind in SELECTS:
        checker.select(path, field)
        return
    checker.custom_id(path, field)
    if kind == TEXT_INPUT:
        _text_input(form, path, field)
    elif kind == RADIO:
        checker.options(f"{path}.options", field.get("options"), 2, 10)
    elif kind == CHECKBOXES:
        checker.options(f"{path}.options", field.get("options"), 1, 10)


def _text_input(form: Form, path: str, field: Json) -> None:
    form.one_of(f"{path}.style", field.get("style"), (1, 2))
    form.whole(f"{path}.min_length", field.get("min_length"), 0, 4000)
    form.whole(f"{path}.max_length", field.get("max_length"), 1, 4000)
    if field.get("placeholder") is not None:
        form.text(f"{path}.placeholder", field["placeholder"], 0, 100)
    least, most = field.get("min_length"), field.get("max_length")
    if type(least) is int and type(most) is int and least > most:
        words = "min_length cannot exceed max_length"
        form.refuse(f"{path}.min_length", "TEXT_INPUT_MIN_LENGTH_EXCEEDS_MAX", words)
    if field.get("value") is not None:
        form.text(f"{path}.value", field["value"], 0, 4000)


def opened(data: Json) -> Json:
    """The modal as the client gets it: components numbered."""
    wrapped = [
        {**c, "components": [c["component"]]} if "component" in c else c for c in data["components"]
    ]
    components = kept(wrapped, lambda: "0")
    for component in components:
        if "component" in component:
            component["component"] = component.pop("components")[0]
    return {"custom_id": data["custom_id"], "title": data["title"], "components": components}


def fields(modal: Json) -> Iterator[tuple[str, Json]]:
    """Every field one can fill, with the label the person reads."""
    for component in modal["components"]:
        if component["type"] == ROW:
            inside = component["components"][0]
            yield inside.get("label") or "", inside
        elif component["type"] == LABEL:
            yield component["label"], component["component"]


def filled(modal: Json, values: dict[str, Any]) -> list[Json]:
    """The components of a MODAL_SUBMIT, or BadEntry where the client would refuse."""
    left = dict(values)
    entries: dict[str, Json] = {}
    for label, field in fields(modal):
        given = [key for key in (field["custom_id"], label) if key in left]
        value = left.pop(given[0]) if given else None
        entries[field["custom_id"]] = _entry(label or field["custom_id"], field, value)
    if left:
        known = [f"{label!r} ({field['custom_id']})" for label, field in fields(modal)]
        raise BadEntry(f"the modal has no field {sorted(left)}; it has {', '.join(known)}")
    return [_submitted(component, entries) for component in modal["components"]]


def _submitted(component: Json, entries: dict[str, Json]) -> Json:
    base = {"type": component["type"], "id": component["id"]}
    if component["type"] == ROW:
        return {**base, "components": [entries[component["components"][0]["custom_id"]]]}
    if component["type"] == LABEL:
        return {**base, "component": entries[component["component"]["custom_id"]]}
    return base


def _entry(name: str, field: Json, value: Any) -> Json:
    base = {"type": field["type"], "id": field["id"], "custom_id": field["custom_id"]}
    required = field.get("required", True) is not False
    kind = field["type"]
    if kind == TEXT_INPUT:
        return {**base, "value": _text_value(name, field, value, required)}
    if kind == CHECKBOX:
        return {**base, "value": bool(field.get("default") if value is None else value)}
    if kind == RADIO:
        return {**base, "value": _chosen(name, field, value, required)}
    return {**base, "values": _several(name, field, value, required)}


def _text_value(name: str, field: Json, value: Any, required: bool) -> str:
    text = field.get("value") or "" if value is None else value
    if not isinstance(text, str):
        raise BadEntry(f"{name}: a text is needed, not {type(text).__name__}")
    if not text:
        if required:
            raise BadEntry(f"{name}: this field is required")
        return text
    least, most = field.get("min_length") or 0, field.get("max_length") or 4000
    if not least <= len(text) <= most:
        raise BadEntry(f"{name}: {least} to {most} characters are needed, not {len(text)}")
    return text


def _option(name: str, field: Json, value: Any) -> str:
    for option in field["options"]:
        if value in (option["value"], option["label"]):
            return str(option["value"])
    raise BadEntry(f"{name}: no option {value!r}; choose {[o['value'] for o in field['options']]}")


def _chosen(name: str, field: Json, value: Any, required: bool) -> str | None:
    defaults = [o["value"] for o in field["options"] if o.get("default")]
    value = value if value is not None else next(iter(defaults), None)
    if value is None and required:
        raise BadEntry(f"{name}: one option must be chosen")
    return None if value is None else _option(name, field, value)


def _several(name: str, field: Json, value: Any, required: bool) -> list[str]:
    given = value if isinstance(value, list) else [] if value is None else [value]
    chosen = [_option(name, field, v) if field.get("options") else str(v) for v in given]
    least = field.get("min_values", 1) if required else 0
    most = field.get("max_values") or max(len(field.get("options") or ()), 1)
    if not least <= len(chosen) <= most:
        raise BadEntry(f"{name}: choose {least} to {most}, not {len(chosen)}")
    return chosen
