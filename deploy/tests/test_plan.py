"""The local plan, docker-compose.yml and the services' settings describe one system."""

import importlib
import importlib.util
import re
import tempfile
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
import yaml
from holdfast import plan, providers, routes
from holdfast.compose import write_secrets
from holdfast.instance import Instance, checkout
from holdfast.process import Process
from holdfast.servers import docker, postgres, rabbitmq, seaweedfs
from holdfast.services import COMMON, OPTIONAL, SERVICES

# Fields that only the local plan sets, or that a person sets for one process on purpose.
LOCAL_ONLY = {"CLOCK_FILE", "TRACE_FILE"}
VERSIONED = r"\$\{{HOLDFAST_{}_IMAGE:-\S+:v?\d\S*\}}"


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((checkout() / "docker-compose.yml").read_text())


@pytest.fixture(scope="module")
def local():
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)  # else root's data would go elsewhere, and stay there
        yield {node.name: node for node in plan.build(Instance(root, "plan"), plan.FULL).nodes}


def settings_of(service):
    if importlib.util.find_spec(f"{service.package}.settings") is None:
        pytest.skip(f"{service.name} has no settings yet")
    return importlib.import_module(f"{service.package}.settings").Settings


def given_by_compose(compose, service):
    environment = compose["services"][service.name]["environment"]
    return {name.removeprefix("HOLDFAST_").removesuffix("_FILE") for name in environment}


@pytest.mark.parametrize("service", SERVICES, ids=lambda it: it.name)
def test_a_service_is_given_every_setting_it_demands_and_none_it_does_not_know(service):
    fields = settings_of(service).model_fields

    known = {name.upper() for name in fields}
    demanded = {name.upper() for name, field in fields.items() if field.is_required()}
    assert demanded <= set(service.settings)
    assert set(service.settings) <= known


@pytest.mark.parametrize("service", SERVICES, ids=lambda it: it.name)
def test_compose_gives_a_service_what_the_local_plan_gives(service, compose, local):
    locally = {name.removeprefix("HOLDFAST_") for name in local[service.name].environment}

    assert given_by_compose(compose, service) - set(OPTIONAL) == locally - LOCAL_ONLY - set(
        OPTIONAL
    )


@pytest.mark.parametrize("service", SERVICES, ids=lambda it: it.name)
def test_the_settings_accept_what_the_local_plan_gives(service, local, monkeypatch):
    settings = settings_of(service)
    for name, value in local[service.name].environment.items():
        monkeypatch.setenv(name, value)

    made = settings()

    assert made.port == local[service.name].port
    assert made.host == "127.0.0.1"


def test_both_start_the_same_programs(compose, local):
    names = {"rabbitmq", "postgres", "seaweedfs", "gateway", "sandbox"} | {
        it.name for it in SERVICES
    }

    started = {name for name, node in local.items() if isinstance(node, Process)}
    assert started - {"epmd"} == names  # the broker's image starts its own
    assert set(compose["services"]) == names | {"migrate"}


def test_both_give_the_servers_the_same_settings(compose, local):
    def flags(command):
        return {it for it in command if "=" in it}

    inside = flags(compose["services"]["postgres"]["command"])
    assert inside <= flags(local["postgres"].command)
    assert inside == flags(postgres.flags(postgres.COMMON_SETTINGS))
    for line in rabbitmq.COMMON_CONFIGURATION.splitlines():
        assert line in compose["configs"]["rabbitmq"]["content"].splitlines()


def test_both_close_every_door_of_the_storage_but_s3(compose, local):
    inside = compose["services"]["seaweedfs"]
    certificate, key = (Path("/run/secrets") / f"s3-tls-{it}" for it in ("certificate", "key"))
    locally = {name for name in local["seaweedfs"].environment if name.startswith("WEED_")}

    assert inside["environment"] == seaweedfs.closed_to_others(certificate, key)
    assert set(inside["environment"]) == locally - {"WEED_S3_SSE_KEK"}
    assert set(seaweedfs.COMMON_FLAGS) <= set(local["seaweedfs"].command)
    assert set(seaweedfs.COMMON_FLAGS) <= set(inside["command"][0].split())


def test_the_storage_has_a_network_that_only_its_users_share(compose):
    there = {name for name, it in compose["services"].items() if "storage" in it["networks"]}

    assert compose["services"]["seaweedfs"]["networks"] == ["storage"]
    assert there == {"seaweedfs", "migrate", "contracts"}
    assert compose["networks"]["storage"] == {"internal": True}


def test_the_brokers_name_server_is_there_before_the_broker_and_as_long(local):
    assert "epmd" in local["rabbitmq"].after
    assert local["epmd"].user == local["rabbitmq"].user


def test_both_migrate_before_any_service_and_open_the_gateway_last(compose, local):
    for service in SERVICES:
        assert {"databases", "topology", "bucket"} <= set(local[service.name].after)
        waits = compose["services"][service.name]["depends_on"]
        assert waits == {"migrate": {"condition": "service_completed_successfully"}}
    assert set(local["gateway"].after) == {it.name for it in SERVICES}
    assert set(compose["services"]["gateway"]["depends_on"]) == {it.name for it in SERVICES}


def test_both_give_the_gateway_the_same_flags(compose, local):
    def shape(flags):
        shown = (re.sub(r"(address|filename)=.*", r"\1", it) for it in flags if it[:2] == "--")
        return {re.sub(r"\$\{\w+:-(.*?)\}", r"\1", it) for it in shown}

    assert shape(compose["services"]["gateway"]["command"]) == shape(local["gateway"].command)
    assert shape(local["gateway"].command) == shape(routes.static_flags("a", "b", "c"))


def test_the_services_trust_the_gateway_by_an_address_that_nobody_else_is_given(compose, local):
    def default(text):
        return re.sub(r"\$\{\w+:-(.*?)\}", r"\1", text)

    inside = compose["services"]["gateway"]["networks"]["inside"]
    [addresses] = compose["networks"]["inside"]["ipam"]["config"]
    gateway = ip_address(default(inside["ipv4_address"]))
    subnet, given_out = (ip_network(default(addresses[it])) for it in ("subnet", "ip_range"))
    assert given_out.subnet_of(subnet)
    assert gateway in subnet
    assert gateway not in given_out
    for service in SERVICES:
        trusted = compose["services"][service.name]["environment"]["HOLDFAST_TRUSTED_PROXIES"]
        assert default(trusted) == f"{gateway},"
        assert local[service.name].environment["HOLDFAST_TRUSTED_PROXIES"] == "127.0.0.1,"


def test_one_dockerfile_makes_every_image(compose):
    for name in (*(it.name for it in SERVICES), "sandbox", "migrate"):
        build = compose["services"][name]["build"]
        assert build["dockerfile"] == "deploy/service.Dockerfile"
        assert build["args"]["SERVICE"] == ("deploy" if name == "migrate" else name)


def test_every_container_has_a_health_check_and_time_to_stop(compose):
    for name, it in compose["services"].items():
        assert name == "migrate" or it["healthcheck"]["test"], name
    for service in SERVICES:
        assert compose["services"][service.name]["stop_grace_period"] == "25s"
        assert compose["services"][service.name]["healthcheck"]["test"][-1].find(":8000/ready") > 0


def test_every_image_is_of_one_version_and_production_may_name_its_digest(compose):
    for name, it in compose["services"].items():
        if "build" in it:
            assert it["image"] == f"holdfast/{name}"
            assert re.fullmatch(VERSIONED.format("PYTHON"), it["build"]["args"]["PYTHON_IMAGE"])
        else:
            known = {"gateway": "TRAEFIK"}.get(name, name.upper())
            assert re.fullmatch(VERSIONED.format(known), it["image"])


def test_up_takes_the_images_that_compose_takes(compose):
    taken = {
        "postgres": docker.POSTGRES_IMAGE,
        "rabbitmq": docker.RABBITMQ_IMAGE,
        "seaweedfs": docker.SEAWEEDFS_IMAGE,
    }

    for name, image in taken.items():
        assert f":-{image}}}" in compose["services"][name]["image"]


def test_secrets_are_files_and_every_one_is_generated(compose, tmp_path):
    folder = tmp_path / "secrets"
    write_secrets(folder, "http://127.0.0.1:8080")

    generated = {it.name for it in folder.iterdir()}
    first = {it.name: it.read_text() for it in folder.iterdir()}
    write_secrets(folder, "http://127.0.0.1:8080")
    assert {it.name: it.read_text() for it in folder.iterdir()} == first
    used = {name for it in compose["services"].values() for name in it.get("secrets", ())}

    assert used == set(compose["secrets"])
    assert set(compose["secrets"]) <= generated
    assert all(it["file"] == f"./deploy/secrets/{name}" for name, it in compose["secrets"].items())


def test_no_password_stands_in_the_compose_file(compose):
    for name, it in compose["services"].items():
        for key, value in (it.get("environment") or {}).items():
            secret = re.search(r"PASS|SECRET|TOKEN|KEY$|KEY_FILE|_URL_FILE", key)
            if secret and not key.endswith(("ACCESS_KEY", "SECRETS_DIR")):
                assert str(value).startswith("/run/secrets/"), f"{name}: {key}"


def test_each_service_sees_its_own_secrets_only(compose):
    for service in SERVICES:
        mounted = set(compose["services"][service.name]["secrets"])
        others = {f"{it.name}-database-url" for it in SERVICES if it != service}
        assert not mounted & others
        files = {
            str(value).removeprefix("/run/secrets/")
            for key, value in compose["services"][service.name]["environment"].items()
            if key.endswith("_FILE")
        }
        assert files == mounted


def test_nothing_but_the_gateway_and_the_sandbox_is_reachable_from_outside(compose):
    published = {name for name, it in compose["services"].items() if it.get("ports")}

    assert published == {"gateway", "sandbox"}
    assert compose["services"]["sandbox"]["profiles"] == ["dev"]


def test_everything_local_listens_on_the_loopback_interface_only(local):
    for service in SERVICES:
        assert local[service.name].environment["HOLDFAST_HOST"] == "127.0.0.1"
    assert any("=127.0.0.1:" in flag for flag in local["gateway"].command)


def test_people_can_be_acted_as_only_where_all_parties_are_played(tmp_path, monkeypatch):
    instance, sandbox = Instance(tmp_path, "x"), "http://127.0.0.1:1"
    played = providers.are_played(instance, sandbox)
    monkeypatch.setenv("HOLDFAST_STRIPE_SECRET_KEY", "sk_live")
    monkeypatch.setenv("HOLDFAST_STRIPE_WEBHOOK_SECRET", "whsec_live")

    assert played
    assert not providers.are_played(instance, sandbox)


def test_a_named_credential_makes_one_party_real_and_no_other(tmp_path, monkeypatch):
    for name in ("STRIPE_API_BASE", "DISCORD_TOKEN"):
        monkeypatch.delenv(f"HOLDFAST_{name}", raising=False)
    monkeypatch.setenv("HOLDFAST_STRIPE_SECRET_KEY", "sk_live")
    monkeypatch.setenv("HOLDFAST_STRIPE_WEBHOOK_SECRET", "whsec_live")

    stripe, discord, roblox = providers.all_providers(Instance(tmp_path, "x"), "http://127.0.0.1:1")

    assert stripe.settings()["STRIPE_API_BASE"] == "https://api.stripe.com"
    assert stripe.settings()["STRIPE_SECRET_KEY"] == "sk_live"
    assert discord.settings()["DISCORD_API_BASE"] == "http://127.0.0.1:1/discord/api/v10"
    assert roblox.settings()["ROBLOX_API_BASE"] == "http://127.0.0.1:1/roblox/{host}"


def test_half_a_partys_credentials_are_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("HOLDFAST_ROBLOX_CLIENT_ID", "1")
    monkeypatch.delenv("HOLDFAST_ROBLOX_CLIENT_SECRET", raising=False)
    roblox = providers.all_providers(Instance(tmp_path, "x"), "http://127.0.0.1:1")[2]

    with pytest.raises(providers.IncompleteCredentials, match="HOLDFAST_ROBLOX_CLIENT_SECRET"):
        roblox.settings()


def test_no_two_services_share_a_port_or_a_setting_twice():
    assert len({it.usual_port for it in SERVICES}) == len(SERVICES)
    for service in SERVICES:
        assert len(set(service.settings)) == len(service.settings)
        assert not set(service.own) & set(COMMON)


def test_the_discord_gateway_is_led_to_discord_not_to_itself(local):
    environment = local["discord-gateway"].environment

    assert environment["HOLDFAST_DISCORD_GATEWAY_URL"].endswith("/discord/gateway")
    assert str(local["sandbox"].port) in environment["HOLDFAST_DISCORD_GATEWAY_URL"]
