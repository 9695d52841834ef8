"""How each service reaches the database and the broker."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from holdfast.credentials import credential
from holdfast.instance import Instance
from holdfast.roles import Roles
from holdfast.services import Service

DATABASE = "holdfast"


@dataclass(frozen=True, slots=True)
class Access:
    """What each service is given, made from the operators' URLs."""

    instance: Instance
    postgres: str
    rabbitmq: str

    def roles(self, service: Service) -> Roles:
        """The service's database roles."""
        return Roles(
            service.package,
            credential(self.instance, f"{service.name}-owner"),
            credential(self.instance, f"{service.name}-database"),
        )

    def database_url(self, service: Service) -> str:
        """The runtime role's URL."""
        return self._database(service.package, self.roles(service).password)

    def owner_url(self, service: Service) -> str:
        """The URL of the role that migrates."""
        roles = self.roles(service)
        return self._database(roles.owner, roles.owner_password)

    def broker_password(self, service: Service) -> str:
        """The password of the service's broker user."""
        return credential(self.instance, f"{service.name}-broker")

    def broker_url(self, service: Service) -> str:
        """The broker's URL for the service's own user."""
        parts = urlsplit(self.rabbitmq)
        place = f"{service.name}:{self.broker_password(service)}@{parts.hostname}:{parts.port}"
        return urlunsplit(parts._replace(netloc=place))

    @property
    def vhost(self) -> str:
        """The virtual host that the broker's URL names."""
        return urlsplit(self.rabbitmq).path.removeprefix("/").replace("%2F", "/") or "/"

    def superuser_url(self) -> str:
        """The superuser's URL of our database."""
        return urlunsplit(urlsplit(self.postgres)._replace(path=f"/{DATABASE}"))

    def _database(self, user: str, password: str) -> str:
        parts = urlsplit(self.postgres)
        place = f"{user}:{password}@{parts.hostname}:{parts.port or 5432}"
        return urlunsplit((parts.scheme, place, f"/{DATABASE}", parts.query, ""))
