"""Exact money: integer minor units and a currency, never a float."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any


class Currency(StrEnum):
    """A currency Holdfast keeps books in."""

    USD = "USD"
    USDC = "USDC"

    @property
    def exponent(self) -> int:
        """How many decimals one major unit has (ISO 4217 for USD, the token contract for USDC)."""
        return {Currency.USD: 2, Currency.USDC: 6}[self]


LARGEST_MINOR = 10**15
_TYPED = re.compile(r"\$?([0-9]{1,15}|[0-9]{1,3}(?:[,_][0-9]{3}){1,4})?(?:\.([0-9]{0,15}))?")


@dataclass(frozen=True, slots=True)
class Money:
    """An exact, non-negative amount; floats and mixed currencies are refused."""

    minor: int
    currency: Currency

    def __post_init__(self) -> None:
        """Refuse anything but a non-negative integer: bool and float are not money."""
        if type(self.minor) is not int:
            raise TypeError(f"minor units must be int, not {type(self.minor).__name__}")
        if self.minor < 0:
            raise ValueError(f"money cannot be negative: {self.minor}")

    def __add__(self, other: Money) -> Money:
        """Add an amount of the same currency."""
        return Money(self.minor + self._same(other).minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        """Take away an amount of the same currency; the result may not be negative."""
        return Money(self.minor - self._same(other).minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        """Compare with an amount of the same currency."""
        return self.minor < self._same(other).minor

    def __le__(self, other: Money) -> bool:
        """Compare with an amount of the same currency."""
        return self.minor <= self._same(other).minor

    def share(self, basis_points: int) -> Money:
        """The part of this amount that so many basis points make, rounded down."""
        if not 0 <= basis_points <= 10_000:
            raise ValueError(f"basis points must be within 0..10000: {basis_points}")
        return Money(self.minor * basis_points // 10_000, self.currency)

    def split(self, basis_points: int) -> tuple[Money, Money]:
        """Divide into (rest, share): the share is rounded down and nothing is lost."""
        share = self.share(basis_points)
        return self - share, share

    @property
    def major(self) -> Decimal:
        """The amount in major units, exact."""
        return Decimal(self.minor).scaleb(-self.currency.exponent)

    def __str__(self) -> str:
        """Show as ``4,300.00 USD``."""
        return f"{self.major:,.{self.currency.exponent}f} {self.currency}"

    def _same(self, other: Money) -> Money:
        if other.currency is not self.currency:
            raise ValueError(f"cannot mix {self.currency} and {other.currency}")
        return other

    @classmethod
    def parse(cls, text: str, currency: Currency) -> Money:
        """Read what a person typed (``$4,300.00``); more decimals than the currency has fail.

        A comma only parts thousands: ``1,50`` is refused, for it may mean 1.50 or 150.
        """
        typed = _TYPED.fullmatch(text.strip())
        if typed is None or not any(typed.groups()):
            raise ValueError(f"not an amount of money: {text!r}")
        whole, fraction = (part or "" for part in typed.groups())
        if len(fraction) > currency.exponent:
            raise ValueError(f"{currency} has {currency.exponent} decimals: {text!r}")
        digits = re.sub("[,_]", "", whole) + fraction.ljust(currency.exponent, "0")
        return cls(int(digits), currency)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Validate ``{"minor": 430000, "currency": "USD"}`` strictly."""
        # Only the edges validate: the domain imports this module without pydantic.
        from pydantic_core import core_schema as cs  # noqa: PLC0415

        fields = cs.typed_dict_schema(
            {
                "minor": cs.typed_dict_field(cs.int_schema(strict=True, ge=0, le=LARGEST_MINOR)),
                "currency": cs.typed_dict_field(handler.generate_schema(Currency)),
            },
            extra_behavior="forbid",
        )
        from_fields = cs.no_info_after_validator_function(cls._from_fields, fields)
        return cs.json_or_python_schema(
            json_schema=from_fields,
            python_schema=cs.union_schema([cs.is_instance_schema(cls), from_fields]),
            serialization=cs.plain_serializer_function_ser_schema(
                lambda money: {"minor": money.minor, "currency": str(money.currency)},
            ),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        """Describe the object form in both modes."""
        return {
            "title": "Money",
            "type": "object",
            "properties": {
                "minor": {"type": "integer", "minimum": 0, "maximum": LARGEST_MINOR},
                "currency": {"type": "string", "enum": [str(c) for c in Currency]},
            },
            "required": ["minor", "currency"],
            "additionalProperties": False,
        }

    @classmethod
    def _from_fields(cls, fields: Mapping[str, Any]) -> Money:
        return cls(fields["minor"], fields["currency"])
