"""Fresh databases and clean virtual hosts on shared servers, named after who made them."""

from holdfast.testbed.brokers import Brokers, TestBroker
from holdfast.testbed.databases import Databases
from holdfast.testbed.names import as_superuser, derived, login

__all__ = ["Brokers", "Databases", "TestBroker", "as_superuser", "derived", "login"]
