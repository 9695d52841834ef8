"""What people are told when something is refused comes from the catalogue, whoever refuses."""

import importlib

import pytest
from contracts_schema import refusals
from contracts_schema.refusals import Refused

SERVICES = ("contracts", "listings")


def every(kind=Refused):
    for each in kind.__subclasses__():
        yield each
        yield from every(each)


@pytest.mark.parametrize("service", SERVICES)
def test_every_refusal_of_a_service_is_a_name_with_words(service):
    rules = importlib.import_module(f"{service}.api.problems").RULES
    ours = {each for each in every() if each.__module__.startswith(f"{service}.")}

    assert {each.catalogue for each in ours} == {service}
    for kind in rules:
        assert issubclass(kind, Refused), f"{kind.__name__} carries English instead of a name"
    assert any(name.startswith(f"{service}.") for name in refusals.catalogue("en"))
