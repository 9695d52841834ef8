"""How long Roblox asks us to wait."""

from datetime import UTC, datetime, timedelta

import pytest
from verification.adapters.game_ownership import retry_after

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("20", 20),
        ("0", 0),
        ("Sun, 01 Mar 2026 12:01:30 GMT", 90),
        ("Sun, 01 Mar 2026 12:01:30 -0000", 90),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0),
        ("999999999", 86400),
        ("9" * 400, 86400),
        ("-5", 0),
        ("²", 0),
        ("soon", 0),
        ("", 0),
    ],
)
def test_the_header_is_seconds_or_a_date_and_anything_else_is_nothing(text, seconds):
    assert retry_after(text, NOW) == timedelta(seconds=seconds)
