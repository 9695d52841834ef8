"""To follow one command, the README names every file: no more are entered, and none is missing."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import FrameType

from escrow_builders import BUYER, House, as_person, running

README = Path(__file__).parents[2] / "README.md"
HERE = f"{Path('escrow', 'src', 'escrow')}/"
MOST = 12


async def test_confirming_enters_the_twelve_files_that_the_readme_names(house: House, database_url):
    escrow_id = await house.delivered()
    entered: set[str] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        _, here, file = frame.f_code.co_filename.partition(HERE)
        if here:
            entered.add(file)

    async with running(house.database, database_url, house.rails) as client:
        sys.setprofile(note)
        try:
            answer = await client.post(
                f"/v1/escrows/{escrow_id}/confirm", headers=as_person(BUYER, house.clock)
            )
        finally:
            sys.setprofile(None)

    assert answer.status_code == 200
    walk = README.read_text("utf-8").partition("To follow one command")[2].partition("Of chassis")
    named = set(re.findall(r"`((?:api|handlers|domain|store)/[a-z_/]+\.py)`", walk[0]))
    assert entered == named
    assert len(named) <= MOST
