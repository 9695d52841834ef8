import pytest
from chassis_fixtures import clock, database_url, db

__all__ = ["clock", "database_url", "db"]


@pytest.fixture
def service() -> str:
    return "notifier"
