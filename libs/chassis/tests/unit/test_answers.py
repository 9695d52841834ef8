"""Bodies of answers: each kind is written as its schema says."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from chassis.http.answers import written
from contracts_schema.money import Money
from pydantic import BaseModel

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Model(BaseModel):
    at: datetime
    price: Money


@dataclass(frozen=True, slots=True)
class Shown:
    at: datetime
    price: Money


@pytest.mark.parametrize("kind", [Model, Shown])
def test_a_schema_and_a_dataclass_are_written_alike(kind):
    body = written(kind(at=AT, price=Money(430_000, "USD")))

    assert json.loads(body) == {
        "at": "2026-03-01T12:00:00Z",
        "price": {"minor": 430_000, "currency": "USD"},
    }


def test_plain_data_is_written_as_it_is():
    assert written({"name": "Türme", "of": [1, None]}) == '{"name":"Türme","of":[1,null]}'.encode()


def test_what_json_does_not_know_is_refused():
    with pytest.raises(ValueError, match="Out of range"):
        written({"share": float("nan")})
