"""Message components: what Discord refuses, and the form in which it keeps the rest."""

from collections.abc import Callable, Iterator
from itertools import count

from sandbox.discord.errors import Form, Json

ROW, BUTTON, STRING_SELECT, TEXT_INPUT = 1, 2, 3, 4
SELECTS = (3, 5, 6, 7, 8)
SECTION, TEXT, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER, LABEL = 9, 10, 11, 12, 13, 14, 17, 18
LINK, PREMIUM = 5, 6
CLASSIC = (ROW,)
TOP = (ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR, CONTAINER)
IN_CONTAINER = (ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR)
IN_ROW = (BUTTON, *SELECTS)
MOST_ROWS, MOST_COMPONENTS, MOST_TEXT = 5, 40, 4000
SCHEMES = ("http://", "https://", "discord://", "attachment://")


def children(component: Json) -> Iterator[Json]:
    """The components directly inside one."""
    inside = component.get("components")
    yield from (c for c in inside if isinstance(c, dict)) if isinstance(inside, list) else ()
    for key in ("accessory", "component"):
        if isinstance(component.get(key), dict):
            yield component[key]


def walk(components: list[Json]) -> Iterator[Json]:
    """Every component, outer before inner."""
    for component in components:
        yield component
        yield from walk(list(children(component)))


class Checker:
    """Checks one message's components and remembers what must be unique or counted."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self.custom_ids: set[str] = set()
        self._checks: dict[int, Callable[[str, Json], None]] = {
            ROW: self.row,
            BUTTON: self.button,
            SECTION: self.section,
            TEXT: self.text,
            THUMBNAIL: self.thumbnail,
            GALLERY: self.gallery,
            FILE: self.file,
            SEPARATOR: self.separator,
            CONTAINER: self.container,
            **dict.fromkeys(SELECTS, self.select),
        }

    def message(self, components: object, *, v2: bool) -> None:
        """All components of a message."""
        if not isinstance(components, list):
            self.form.refuse("components", "LIST_TYPE_CONVERT", "Only iterables may be used.")
            return
        if not v2 and len(components) > MOST_ROWS:
            self.form.length("components", 0, MOST_ROWS)
        self.each("components", components, TOP if v2 else CLASSIC)
        if not v2:
            return
        found = list(walk([c for c in components if isinstance(c, dict)]))
        if len(found) > MOST_COMPONENTS:
            words = f"Must be {MOST_COMPONENTS} or fewer in total."
            self.form.refuse("components", "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", words)
        if sum(len(str(c.get("content", ""))) for c in found if c.get("type") == TEXT) > MOST_TEXT:
            words = f"The total text must be {MOST_TEXT} or fewer characters."
            self.form.refuse("components", "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", words)

    def each(self, path: str, components: object, allowed: tuple[int, ...]) -> None:
        """A list of components, each of an allowed type."""
        if not isinstance(components, list):
            self.form.refuse(path, "BASE_TYPE_REQUIRED", "This field is required")
            return
        for index, component in enumerate(components):
            self.one(f"{path}.{index}", component, allowed)

    def one(self, path: str, component: object, allowed: tuple[int, ...]) -> None:
        """One component of an allowed type."""
        if not isinstance(component, dict):
            self.form.refuse(path, "DICT_TYPE_CONVERT", "Only dictionaries may be used.")
            return
        kind = component.get("type")
        if type(kind) is not int or kind not in allowed:
            words = f'Value of field "type" must be one of {allowed}.'
            self.form.refuse(f"{path}.type", "UNION_TYPE_CHOICES", words)
        elif kind in self._checks:
            self._checks[kind](path, component)

    def custom_id(self, path: str, component: Json) -> None:
        """A custom_id of 1 to 100 characters that no other component has."""
        custom_id = component.get("custom_id")
        self.form.text(f"{path}.custom_id", custom_id, 1, 100)
        if not isinstance(custom_id, str):
            return
        if custom_id in self.custom_ids:
            words = "Component custom id cannot be duplicated"
            self.form.refuse(f"{path}.custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", words)
        self.custom_ids.add(custom_id)

    def row(self, path: str, row: Json) -> None:
        """1 to 5 buttons or one select."""
        inside = self.form.objects(f"{path}.components", row.get("components"))
        self.each(f"{path}.components", inside, IN_ROW)
        selects = sum(c.get("type") in SELECTS for c in inside)
        if not 1 <= len(inside) <= 5 or (selects and len(inside) > 1):
            self.form.length(f"{path}.components", 1, 1 if selects else 5)

    def button(self, path: str, button: Json) -> None:
        """A link with an address, or a button with a custom_id; with a label or an emoji."""
        if not self.form.one_of(f"{path}.style", button.get("style"), (1, 2, 3, 4, 5, 6)):
            return
        if button.get("label") is not None:
            self.form.text(f"{path}.label", button["label"], 0, 80)
        if button["style"] == LINK:
            self._link(path, button)
        elif button["style"] != PREMIUM:
            if button.get("url"):
                words = "A url cannot be set on a non-link button"
                self.form.refuse(f"{path}.url", "BUTTON_COMPONENT_INVALID_URL", words)
            self.custom_id(path, button)
        if button["style"] != PREMIUM and not (button.get("label") or button.get("emoji")):
            words = "A button must have a label or an emoji"
            self.form.refuse(path, "BUTTON_COMPONENT_MISSING_LABEL_OR_EMOJI", words)

    def _link(self, path: str, button: Json) -> None:
        if button.get("custom_id"):
            words = "A custom id and url cannot both be specified"
            self.form.refuse(path, "BUTTON_COMPONENT_CUSTOM_ID_AND_URL", words)
        self.url(f"{path}.url", button.get("url"))

    def url(self, path: str, url: object) -> None:
        """An address of at most 512 characters with a known scheme."""
        self.form.text(path, url, 1, 512)
        if isinstance(url, str) and not url.startswith(SCHEMES):
            words = f"Scheme must be one of {SCHEMES}."
            self.form.refuse(path, "URL_TYPE_INVALID_SCHEME", words)

    def select(self, path: str, select: Json) -> None:
        """A select with up to 25 distinct options or values."""
        self.custom_id(path, select)
        if select.get("placeholder") is not None:
            self.form.text(f"{path}.placeholder", select["placeholder"], 0, 150)
        self.form.whole(f"{path}.min_values", select.get("min_values"), 0, 25)
        self.form.whole(f"{path}.max_values", select.get("max_values"), 1, 25)
        if select.get("type") == STRING_SELECT:
            self.options(f"{path}.options", select.get("options"), 1, 25)

    def options(self, path: str, options: object, least: int, most: int) -> None:
        """Options with label and value, each value once."""
        if not isinstance(options, list) or not least <= len(options) <= most:
            self.form.length(path, least, most)
            return
        values: list[object] = []
        for index, option in enumerate(self.form.objects(path, options)):
            self.form.text(f"{path}.{index}.label", option.get("label"), 1, 100)
            self.form.text(f"{path}.{index}.value", option.get("value"), 1, 100)
            if option.get("description") is not None:
                self.form.text(f"{path}.{index}.description", option["description"], 0, 100)
            if option.get("value") in values:
                words = "The specified option value is already used"
                self.form.refuse(f"{path}.{index}.value", "SELECT_OPTION_VALUE_DUPLICATED", words)
            values.append(option.get("value"))

    def section(self, path: str, section: Json) -> None:
        """1 to 3 texts beside a button or a thumbnail."""
        texts = self.form.objects(f"{path}.components", section.get("components"))
        self.each(f"{path}.components", texts, (TEXT,))
        if not 1 <= len(texts) <= 3:
            self.form.length(f"{path}.components", 1, 3)
        self.one(f"{path}.accessory", section.get("accessory"), (BUTTON, THUMBNAIL))

    def text(self, path: str, text: Json) -> None:
        """Shown text."""
        self.form.text(f"{path}.content", text.get("content"), 1, MOST_TEXT)

    def thumbnail(self, path: str, thumbnail: Json) -> None:
        """A small picture."""
        self._media(f"{path}.media", thumbnail.get("media"))

    def gallery(self, path: str, gallery: Json) -> None:
        """1 to 10 pictures."""
        items = gallery.get("items")
        if not isinstance(items, list) or not 1 <= len(items) <= 10:
            self.form.length(f"{path}.items", 1, 10)
            return
        for index, item in enumerate(self.form.objects(f"{path}.items", items)):
            self._media(f"{path}.items.{index}.media", item.get("media"))

    def file(self, path: str, file: Json) -> None:
        """An uploaded file."""
        self._media(f"{path}.file", file.get("file"))

    def _media(self, path: str, media: object) -> None:
        url = media.get("url") if isinstance(media, dict) else None
        self.form.text(f"{path}.url", url, 1, 2048)

    def separator(self, path: str, separator: Json) -> None:
        """A line or a gap."""
        self.form.whole(f"{path}.spacing", separator.get("spacing"), 1, 2)

    def container(self, path: str, container: Json) -> None:
        """A box of other components."""
        inside = container.get("components")
        self.each(f"{path}.components", inside, IN_CONTAINER)
        if not inside:
            self.form.length(f"{path}.components", 1, MOST_COMPONENTS)
        self.form.whole(f"{path}.accent_color", container.get("accent_color"), 0, 0xFFFFFF)


DEFAULTS: dict[int, Json] = {
    ROW: {},
    BUTTON: {},
    TEXT: {},
    SECTION: {},
    **{kind: {"min_values": 1, "max_values": 1} for kind in SELECTS},
    THUMBNAIL: {"description": None, "spoiler": False},
    GALLERY: {},
    FILE: {"spoiler": False, "name": None, "size": None},
    SEPARATOR: {"spacing": 1, "divider": True},
    CONTAINER: {"accent_color": None, "spoiler": False},
}


def kept(components: list[Json], media_id: Callable[[], str]) -> list[Json]:
    """The components as Discord stores and returns them: numbered, with defaults filled in."""
    taken = {c["id"] for c in walk(components) if c.get("id")}
    free = (number for number in count(1) if number not in taken)
    return [_kept(component, free, media_id) for component in components]


def _kept(component: Json, free: Iterator[int], media_id: Callable[[], str]) -> Json:
    given = {key: value for key, value in component.items() if value is not None}
    body = {**DEFAULTS.get(component["type"], {}), **given}
    body["id"] = component.get("id") or next(free)
    for key in ("media", "file"):
        if key in body:
            body[key] = _unfurled(body[key], media_id)
    if "items" in body:
        body["items"] = [_item(item, media_id) for item in body["items"]]
    if "components" in body:
        body["components"] = [_kept(c, free, media_id) for c in body["components"]]
    if "accessory" in body:
        body["accessory"] = _kept(body["accessory"], free, media_id)
    return body


def _item(item: Json, media_id: Callable[[], str]) -> Json:
    defaults = {"description": None, "spoiler": False}
    return {**defaults, **item, "media": _unfurled(item["media"], media_id)}


def _unfurled(media: Json, media_id: Callable[[], str]) -> Json:
    size = {"width": None, "height": None, "content_type": None}
    return {"id": media_id(), **size, "url": media["url"], "proxy_url": media["url"]}
