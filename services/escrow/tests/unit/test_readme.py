"""What the README says of the books is what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from escrow.domain.ledger import Account, Kind

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([a-z:_]+)(?::[A-Z]+|)` \| (debit|credit) \| (none|0) \|", re.MULTILINE)


def test_the_readme_has_the_chart_of_accounts():
    shown = {name.rstrip(":"): (side, floor) for name, side, floor in ROW.findall(README)}

    assert shown == {
        str(kind): (
            Account(kind).normal,
            "none" if Account(kind).floor is None else str(Account(kind).floor),
        )
        for kind in Kind
    }
