"""Money is exact, never negative, and keeps its currency."""

import pytest
from contracts_schema.money import LARGEST_MINOR, Currency, Money
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

EDGE = TypeAdapter(Money)
money = st.builds(Money, st.integers(0, LARGEST_MINOR), st.sampled_from(Currency))
basis_points = st.integers(0, 10_000)
not_an_integer = st.one_of(
    st.floats(), st.booleans(), st.text(), st.decimals(), st.none(), st.binary()
)


@given(money)
def test_what_is_shown_can_be_typed_in_again(amount):
    shown, _, currency = str(amount).partition(" ")

    assert Money.parse(shown, Currency(currency)) == amount
    assert Money.parse("$" + shown, amount.currency) == amount


@given(money, basis_points)
def test_a_split_loses_and_makes_nothing(amount, points):
    rest, share = amount.split(points)

    assert rest + share == amount
    assert share.minor * 10_000 <= amount.minor * points < (share.minor + 1) * 10_000


@given(money, money)
def test_taking_away_what_was_added_gives_the_same(one, other):
    if one.currency is other.currency:
        assert one + other - other == one
        assert (one < other) == (one.minor < other.minor)
    else:
        with pytest.raises(ValueError, match="mix"):
            one + other


@given(not_an_integer)
def test_only_an_integer_is_an_amount(minor):
    with pytest.raises(TypeError):
        Money(minor, Currency.USD)


@given(not_an_integer)
@pytest.mark.abuse("A9")
def test_only_an_integer_is_an_amount_at_the_edge(minor):
    with pytest.raises(ValidationError):
        EDGE.validate_python({"minor": minor, "currency": "USD"})


@pytest.mark.parametrize("text", ["430000.0", "4.3e5", "true", '"430000"', "null", "-1", "1e400"])
def test_only_an_integer_is_an_amount_in_json(text):
    with pytest.raises(ValidationError):
        EDGE.validate_json(f'{{"minor": {text}, "currency": "USD"}}')


@given(money)
def test_an_amount_survives_json(amount):
    assert EDGE.validate_json(EDGE.dump_json(amount)) == amount


@given(st.integers(max_value=-1))
def test_no_amount_is_negative(minor):
    with pytest.raises(ValueError, match="negative"):
        Money(minor, Currency.USD)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "$",
        ".",
        "1.234",
        "1.2.3",
        "-5",
        "+5",
        "1e3",
        "NaN",
        "٣",
        "1" * 21,
        "5 USD",
        "0x1",
        "1,50",
    ],
)
def test_what_is_no_amount_of_dollars_is_refused(text):
    with pytest.raises(ValueError, match=r"amount of money|decimals"):
        Money.parse(text, Currency.USD)


@pytest.mark.parametrize(
    ("text", "minor"),
    [("4300", 430_000), (" $4,300.00 ", 430_000), (".5", 50), ("5.", 500), ("1_000", 100_000)],
)
def test_the_usual_ways_to_write_an_amount_are_read(text, minor):
    assert Money.parse(text, Currency.USD) == Money(minor, Currency.USD)


@given(st.text(max_size=30))
def test_whatever_is_typed_is_an_amount_or_refused(text):
    try:
        amount = Money.parse(text, Currency.USD)
    except ValueError:
        return
    assert amount.minor >= 0


@pytest.mark.abuse("A9", "A10")
def test_unknown_fields_and_currencies_are_refused():
    for body in ({"minor": 1, "currency": "EUR"}, {"minor": 1, "currency": "USD", "x": 1}, {}):
        with pytest.raises(ValidationError):
            EDGE.validate_python(body)
