import pytest
from chassis_fixtures import clock, database_url, db
from listings_builders import a_person

__all__ = ["clock", "database_url", "db"]


@pytest.fixture
def service() -> str:
    return "listings"


@pytest.fixture
def seller():
    return a_person()


@pytest.fixture
def buyer():
    return a_person()
