"""A web page as a person meets it: what it says, and the form on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

_BLOCKS = frozenset(
    "address br dd div dl dt h1 h2 h3 h4 hr legend li main ol p pre td tr ul".split()
)
_HIDDEN = frozenset({"script", "style", "title", "option", "label", "button"})
_TEXTUAL = frozenset({"text", "email", "password", "number", "tel", "url", "search", "date"})


class Unanswered(ValueError):
    """The form cannot be answered with what was given; the text says what it asks for."""


@dataclass(slots=True)
class Choice:
    """One option of a field, or one of its buttons."""

    value: str
    label: str = ""
    chosen: bool = False

    def is_meant(self, given: str) -> bool:
        """Whether somebody who writes this means the option."""
        return given.casefold() in (self.value.casefold(), self.label.strip().casefold())


@dataclass(slots=True)
class Field:
    """What can be filled in or chosen under one name."""

    name: str
    value: str = ""
    required: bool = False
    free: bool = True
    fixed: bool = False
    choices: list[Choice] = field(default_factory=list)

    def answer(self, given: str | None, mine: frozenset[str]) -> str | None:
        """What is sent: what was given, else one's own account, else what stands there."""
        if self.free:
            text = self.value if given is None else given
            if self.required and not text:
                raise Unanswered(f"the page asks for {self.name}")
            return text
        if given is not None:
            return self._meant(given)
        own = [it.value for it in self.choices if it.value in mine]
        chosen = [it.value for it in self.choices if it.chosen]
        if not own and not chosen and self.required:
            raise Unanswered(f"the page asks for {self.name}: {self._offered()}")
        return next(iter(own + chosen), None)

    def _meant(self, given: str) -> str:
        for choice in self.choices:
            if choice.is_meant(given):
                return choice.value
        raise Unanswered(f"{self.name} has no {given!r}: there are {self._offered()}")

    def _offered(self) -> str:
        return ", ".join(it.value for it in self.choices)


@dataclass(slots=True)
class Form:
    """A form and where it goes; its first button is the one that the Enter key presses."""

    action: str = ""
    fields: dict[str, Field] = field(default_factory=dict)
    buttons: list[tuple[str, Choice]] = field(default_factory=list)

    @property
    def names(self) -> set[str]:
        """Every name that can be given a value."""
        own = {name for name, it in self.fields.items() if not it.fixed}
        return own | {name for name, _ in self.buttons if name}

    def filled(self, given: Mapping[str, str], mine: frozenset[str]) -> tuple[dict[str, str], str]:
        """What is sent, and what stands on the button that sends it."""
        answers = {name: it.answer(given.get(name), mine) for name, it in self.fields.items()}
        name, button = self._button(given)
        sent = {key: value for key, value in answers.items() if value is not None}
        return sent | ({name: button.value} if name else {}), button.label.strip()

    def _button(self, given: Mapping[str, str]) -> tuple[str, Choice]:
        asked = [(name, it) for name, it in self.buttons if name in given]
        for name, button in asked:
            if button.is_meant(given[name]):
                return name, button
        if asked:
            name = asked[0][0]
            there = ", ".join(it.value for _, it in asked)
            raise Unanswered(f"{name} has no {given[name]!r}: there are {there}")
        return self.buttons[0] if self.buttons else ("", Choice(""))


@dataclass(slots=True)
class Page:
    """What a page shows."""

    title: str = ""
    lines: list[str] = field(default_factory=list)
    form: Form | None = None

    @classmethod
    def read(cls, html: str) -> Page:
        """The page that this is the source of."""
        reader = _Reader()
        reader.feed(html)
        reader.close()
        return reader.page()


class _Reader(HTMLParser):
    """Gathers title, visible lines and the first form."""

    def __init__(self) -> None:
        super().__init__()
        self._title = ""
        self._text = ""
        self._form: Form | None = None
        self._inside: list[str] = []
        self._labelled: list[Choice] = []

    def page(self) -> Page:
        """What was gathered."""
        lines = (" ".join(line.split()) for line in self._text.split("\n"))
        return Page(self._title.strip(), [line for line in lines if line], self._form)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in _BLOCKS:
            self._text += "\n"
        if tag == "form" and self._form is None:
            self._form = Form(given.get("action", ""))
        if tag in _HIDDEN:
            self._inside.append(tag)
        if self._form is not None:
            self._control(tag, given)

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._text += "\n"
        if tag in self._inside:
            while self._inside.pop() != tag:
                pass
            self._labelled = []

    def handle_data(self, data: str) -> None:
        if "title" in self._inside:
            self._title += data
        for choice in self._labelled:
            choice.label += data
        if not self._inside:
            self._text += data

    def _control(self, tag: str, given: dict[str, str]) -> None:
        form = self._form or Form()
        name, value = given.get("name", ""), given.get("value", "")
        if tag == "input" and name:
            self._input(form, given)
        elif tag in ("textarea", "select") and name:
            form.fields[name] = Field(name, required="required" in given, free=tag == "textarea")
        elif tag == "option" and form.fields:
            options = list(form.fields.values())[-1].choices
            option = Choice(value, chosen="selected" in given or not options)
            for other in options if "selected" in given else ():
                other.chosen = False
            options.append(option)
            self._labelled = [option]
        elif tag == "button" and given.get("type", "submit") == "submit":
            button = Choice(value)
            form.buttons.append((name, button))
            self._labelled = [button]

    def _input(self, form: Form, given: dict[str, str]) -> None:
        kind, name, value = given.get("type", "text"), given["name"], given.get("value", "")
        if kind in ("radio", "checkbox"):
            found = form.fields.setdefault(name, Field(name, free=False))
            found.required |= kind == "radio" or "required" in given
            choice = Choice(value or "on", chosen="checked" in given)
            found.choices.append(choice)
            self._labelled = [choice]
        elif kind in _TEXTUAL or kind == "hidden":
            free = Field(name, value, "required" in given, fixed=kind == "hidden")
            form.fields[name] = free


def choices(form: Form) -> Iterator[str]:
    """What may be given to the form: each name, with its values where these are limited."""
    for name, it in form.fields.items():
        if not it.fixed:
            values = ", ".join(choice.value for choice in it.choices)
            yield f"{name}: {values}" if values else name
    names = dict.fromkeys(name for name, _ in form.buttons if name)
    for name in names:
        yield f"{name}: {', '.join(it.value for key, it in form.buttons if key == name)}"
