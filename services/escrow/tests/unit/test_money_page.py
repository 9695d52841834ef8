"""What docs/money.md says of the books is what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from escrow.domain.ledger import Account, Kind

MONEY = (Path(__file__).parents[4] / "docs" / "money.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([a-z:_]+)(?::[A-Z]+|)` \| (debit|credit) \| (none|0) \|", re.MULTILINE)


def test_the_page_has_the_chart_of_accounts():
    shown = {name.rstrip(":"): (side, floor) for name, side, floor in ROW.findall(MONEY)}

    assert shown == {
        str(kind): (
            Account(kind).normal,
            "none" if Account(kind).floor is None else str(Account(kind).floor),
        )
        for kind in Kind
    }
