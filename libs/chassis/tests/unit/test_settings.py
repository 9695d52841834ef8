"""Settings come from the environment or from files, and what is missing is named."""

import pytest
from chassis.clock import FileClock, ManualClock, SystemClock, from_settings
from chassis.settings import Profile, Role, ServiceSettings
from pydantic import ValidationError

NEEDED = ("DATABASE_URL", "BROKER_URL", "CURSOR_SECRET", "SERVICE_SECRET")


@pytest.fixture
def environment(monkeypatch):
    for name in NEEDED:
        monkeypatch.setenv(f"HOLDFAST_{name}", f"the {name}")
    return monkeypatch


def test_the_environment_is_read(environment):
    environment.setenv("HOLDFAST_ROLE", "worker")
    environment.setenv("HOLDFAST_PORT", "9000")

    settings = ServiceSettings()

    assert settings.database_url.get_secret_value() == "the DATABASE_URL"
    assert (settings.role, settings.port) == (Role.WORKER, 9000)


@pytest.mark.parametrize("name", NEEDED)
def test_a_missing_secret_is_named_by_its_variable(environment, name):
    environment.delenv(f"HOLDFAST_{name}")

    with pytest.raises(ValidationError, match=f"set HOLDFAST_{name}") as caught:
        ServiceSettings()

    assert "the " not in str(caught.value), "other secrets are not shown"


def test_an_empty_secret_is_a_missing_one(environment):
    environment.setenv("HOLDFAST_CURSOR_SECRET", "")

    with pytest.raises(ValidationError, match="HOLDFAST_CURSOR_SECRET"):
        ServiceSettings()


def test_a_secret_may_come_from_a_file(environment, tmp_path):
    (tmp_path / "secret").write_text("from the file\n")
    environment.delenv("HOLDFAST_CURSOR_SECRET")
    environment.setenv("HOLDFAST_CURSOR_SECRET_FILE", str(tmp_path / "secret"))

    assert ServiceSettings().cursor_secret.get_secret_value() == "from the file"


def test_the_variable_wins_over_the_file(environment, tmp_path):
    (tmp_path / "secret").write_text("from the file")
    environment.setenv("HOLDFAST_CURSOR_SECRET_FILE", str(tmp_path / "secret"))

    assert ServiceSettings().cursor_secret.get_secret_value() == "the CURSOR_SECRET"


def test_a_secret_file_that_is_not_there_is_named(environment, tmp_path):
    environment.delenv("HOLDFAST_CURSOR_SECRET")
    environment.setenv("HOLDFAST_CURSOR_SECRET_FILE", str(tmp_path / "gone"))

    with pytest.raises(ValueError, match=r"HOLDFAST_CURSOR_SECRET_FILE.*gone"):
        ServiceSettings()


def test_secrets_are_not_shown(environment):
    assert "the DATABASE_URL" not in repr(ServiceSettings())


def test_settings_cannot_be_changed(environment):
    with pytest.raises(ValidationError, match="frozen"):
        ServiceSettings().port = 1


def test_production_refuses_a_moved_clock(environment, tmp_path):
    environment.setenv("HOLDFAST_PROFILE", "production")
    environment.setenv("HOLDFAST_CLOCK_FILE", str(tmp_path / "clock"))
    settings = ServiceSettings()

    assert settings.profile is Profile.PRODUCTION
    with pytest.raises(ValueError, match="HOLDFAST_CLOCK_FILE"):
        from_settings(settings)


def test_development_may_move_the_clock_and_does_not_by_itself(environment, tmp_path):
    assert isinstance(from_settings(ServiceSettings()), SystemClock)

    environment.setenv("HOLDFAST_CLOCK_FILE", str(tmp_path / "clock"))

    assert isinstance(from_settings(ServiceSettings()), FileClock)
    assert not isinstance(from_settings(ServiceSettings()), ManualClock)


def test_trusted_proxies_are_addresses_and_ranges(environment):
    environment.setenv("HOLDFAST_TRUSTED_PROXIES", "10.87.0.2, 192.0.2.0/24,::1,")

    assert ServiceSettings().proxies == ["10.87.0.2", "192.0.2.0/24", "::1"]


@pytest.mark.abuse("I9")
@pytest.mark.parametrize("named", ["*", "gateway", "10.0.0.5/8", "10.87.0.2 10.87.0.3"])
def test_nobody_is_trusted_by_a_name_or_by_all(environment, named):
    environment.setenv("HOLDFAST_TRUSTED_PROXIES", named)

    with pytest.raises(ValidationError, match="is no address or range"):
        ServiceSettings()
