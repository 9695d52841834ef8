"""Whatever is sent to whatever route: no fault of ours, by every documented operation."""

from chassis.principals import Principal
from chassis.settings import Role
from chassis_openapi import attack, served
from contracts_schema.events.identity import Tier
from contracts_schema.ids import new_id
from notifier.app import create_app
from notifier.settings import Settings

OPERATIONS = 4


def test_no_input_makes_any_operation_fail(database_for):
    settings = Settings(
        database_url=database_for("notifier"),
        broker_url="amqp://127.0.0.1:1/",
        cursor_secret="c" * 32,
        service_secret="s" * 32,
        role=Role.API,
    )

    with served(create_app(settings), Principal(new_id("usr"), Tier.TIER_1)) as base:
        assert attack(base) == OPERATIONS
