"""Settings from the environment (``HOLDFAST_…``), secrets also from files, no default secret."""

from __future__ import annotations

import os
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

PREFIX = "HOLDFAST_"
LEAST_SECRET = 16


def variable_of(field_name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + field_name.upper()


def given(field_name: str) -> str:
    """What the environment says of a setting, itself or in a file; empty where it says nothing."""
    path = os.environ.get(f"{variable_of(field_name)}_FILE")
    return Path(path).read_text().strip() if path else os.environ.get(variable_of(field_name), "")


class Role(StrEnum):
    """Which part of a service this process plays."""

    ALL = "all"
    API = "api"
    WORKER = "worker"


class Profile(StrEnum):
    """Development allows a moved clock; production refuses it."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class _FileSource(PydanticBaseSettingsSource):
    """Reads ``HOLDFAST_X_FILE``: the value of X is what that file holds."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        path = os.environ.get(f"{variable_of(field_name)}_FILE")
        try:
            return (Path(path).read_text().strip() if path else None), field_name, False
        except OSError as error:
            raise ValueError(
                f"{variable_of(field_name)}_FILE names {path}, which cannot be read: {error}"
            ) from error

    def __call__(self) -> dict[str, Any]:
        values = {
            name: self.get_field_value(field, name)[0]
            for name, field in self.settings_cls.model_fields.items()
        }
        return {name: value for name, value in values.items() if value is not None}


class ServiceSettings(BaseSettings):
    """What every service needs; each service adds its own fields in a subclass."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        frozen=True,
        extra="ignore",
        env_ignore_empty=True,
        hide_input_in_errors=True,  # it holds the other secrets
    )

    database_url: SecretStr
    direct_database_url: SecretStr | None = None
    """Past a pooler that lends connections by the transaction: who LISTENs needs one of its own."""
    broker_url: SecretStr
    cursor_secret: SecretStr
    service_secret: SecretStr
    """What proves to the other services which one is asking."""
    host: str = "127.0.0.1"
    port: int = 8000
    role: Role = Role.ALL
    profile: Profile = Profile.DEVELOPMENT
    public_base_url: str = "http://127.0.0.1:8080"
    identity_url: str = "http://127.0.0.1:8001"
    trusted_proxies: str = "127.0.0.1,::1"
    """Addresses and ranges, comma-separated, of whoever passes requests on to this service.

    They are believed who the client is: the last hop that is none of them.
    """
    log_level: str = "INFO"
    trace_file: Path | None = None
    otlp_endpoint: str | None = None
    clock_file: Path | None = None
    pool_size: int = 8
    prefetch: int = 10
    requests_per_minute: int = Field(default=3_000, ge=1)
    """How many requests one person may make, in each process."""
    requests_per_minute_of_a_login: int = Field(default=1_500, ge=1)
    """How many of these by one login or API key."""

    @property
    def listening_url(self) -> str:
        """The database, by a connection that stays the same."""
        return (self.direct_database_url or self.database_url).get_secret_value()

    @property
    def proxies(self) -> list[str]:
        """Each address or range of the trusted proxies."""
        return [each for part in self.trusted_proxies.split(",") if (each := part.strip())]

    @model_validator(mode="after")
    def _proxies_are_addresses(self) -> Self:
        for each in self.proxies:
            try:
                ip_network(each)
            except ValueError as error:
                raise ValueError(
                    f"HOLDFAST_TRUSTED_PROXIES names {each!r}, which is no address or range such"
                    f" as 10.0.0.2 or 10.0.0.0/24: {error}"
                ) from None
        return self

    @field_validator("service_secret")
    @classmethod
    def _long_enough(cls, secret: SecretStr) -> SecretStr:
        if len(secret.get_secret_value()) < LEAST_SECRET:
            raise ValueError(
                f"HOLDFAST_SERVICE_SECRET must have at least {LEAST_SECRET} characters"
            )
        return secret

    @model_validator(mode="before")
    @classmethod
    def _name_what_is_missing(cls, values: dict[str, Any]) -> dict[str, Any]:
        missing = [
            f"{name} is missing: set {variable_of(name)}"
            for name, field in cls.model_fields.items()
            if field.is_required() and name not in values
        ]
        if missing:
            raise ValueError("; ".join(missing) + " (or with _FILE: a file that holds it)")
        return values

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Explicit values win, then the environment, then files named by it."""
        return init_settings, env_settings, _FileSource(settings_cls)
