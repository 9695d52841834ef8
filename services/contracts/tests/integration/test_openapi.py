"""Whatever is sent to whatever route: no fault of ours, by every documented operation."""

import schemathesis
from chassis_openapi import attack, served
from contracts.app import create_app
from contracts_builders import ADMIN, FlatTypesetter, MemoryArchive, a_person, settings

OPERATIONS = 14
schemathesis.serializer.alias("application/pdf", "application/octet-stream")


def test_no_input_makes_any_operation_fail(database_url):
    app = create_app(settings(database_url=database_url))
    app.state.archive, app.state.typesetter = MemoryArchive(), FlatTypesetter()

    with served(app, a_person(ADMIN)) as base:
        assert attack(base, outages=False) == OPERATIONS
