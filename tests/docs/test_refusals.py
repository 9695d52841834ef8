"""What people are told when something is refused comes from the catalogue, whoever refuses."""

import ast
import importlib
from pathlib import Path

import pytest
from contracts_schema import refusals
from contracts_schema.refusals import Refused
from holdfast.source import parsed

SERVICES = ("contracts", "escrow", "identity", "listings", "verification")


def every(kind=Refused):
    for each in kind.__subclasses__():
        yield each
        yield from every(each)


def classes(service):
    """The service's refusals, by the name of their class."""
    importlib.import_module(f"{service}.app")
    return {each.__name__: each for each in every() if each.__module__.startswith(f"{service}.")}


def calls(service):
    """Every call and every raised class in the service's source."""
    for path in Path(importlib.import_module(service).__file__).parent.rglob("*.py"):
        for node in ast.walk(parsed(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                yield node
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Name | ast.Attribute):
                yield ast.Call(node.exc, [], [])


@pytest.mark.parametrize("service", SERVICES)
def test_every_refusal_of_a_service_is_a_name_with_words(service):
    rules = importlib.import_module(f"{service}.api.problems").RULES
    ours = classes(service).values()

    assert {each.catalogue for each in ours} == {service}
    for kind in rules:
        assert issubclass(kind, Refused), f"{kind.__name__} carries English instead of a name"
    assert any(name.startswith(f"{service}.") for name in refusals.catalogue("en"))


@pytest.mark.parametrize("service", SERVICES)
def test_whatever_a_service_raises_has_words_and_what_fills_them(service):
    ours = classes(service)
    raised = 0
    for call in calls(service):
        kind = ours.get(getattr(call.func, "attr", getattr(call.func, "id", "")))
        if kind is None or kind.__init__ is not Refused.__init__:
            continue
        given = [each.value for each in call.args if isinstance(each, ast.Constant)]
        filled = {each.arg for each in call.keywords}
        wording = kind(*given).wording

        assert refusals.has_words(wording), f"{wording} has no words"
        assert None in filled or refusals.slots(wording) <= filled, f"{wording} is not filled"
        raised += 1
    assert raised


PACKAGES = (*SERVICES, "notifier", "discord_gateway", "chassis")


def test_what_is_not_found_has_a_name_in_the_catalogue():
    known = refusals.catalogue("en")["common.values"]["what"]
    asked = [
        call.args[0].value
        for package in PACKAGES
        for call in calls(package)
        if getattr(call.func, "id", "") == "not_found" and call.args
    ]

    assert len(asked) > 10
    assert set(asked) <= known.keys()


def test_every_wording_that_is_named_has_words():
    named = [
        literal.value
        for package in PACKAGES
        for call in calls(package)
        for keyword in call.keywords
        if keyword.arg == "wording" and not isinstance(keyword.value, ast.JoinedStr)
        for literal in ast.walk(keyword.value)
        if isinstance(literal, ast.Constant)
    ]

    assert len(named) >= 5
    assert [name for name in named if not refusals.has_words(name)] == []
