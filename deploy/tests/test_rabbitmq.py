"""The broker's version: what 4.0 refuses on the wire, what is too old, and how it is fetched."""

import http.server
import json
import socket
import threading

import aio_pika
import pytest
from aiormq.exceptions import ChannelAccessRefused, ChannelPreconditionFailed
from holdfast import topology
from holdfast.broker import BrokerTooOld, Management
from holdfast.broker_version import objection
from holdfast.commands import doctor
from holdfast.instance import Instance
from holdfast.servers import apt, rabbitmq


@pytest.fixture
def broker(broker_for):
    return broker_for("escrow", "identity", "listings")


async def publish(url, **properties):
    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel(on_return_raises=True)
        events = await channel.get_exchange("holdfast.events", ensure=False)
        await events.publish(aio_pika.Message(b"{}", **properties), "escrow.released.v1")


def test_the_running_broker_is_new_enough(broker):
    assert objection(broker.management.version()) is None


@pytest.mark.parametrize("header", ["CC", "BCC"])
async def test_a_copy_to_a_routing_key_of_another_service_is_refused(broker, header):
    await publish(broker.url("escrow"), headers={header: ["escrow.refunded.v1"]})

    with pytest.raises(ChannelAccessRefused):
        await publish(broker.url("escrow"), headers={header: ["identity.role_changed.v1"]})


async def test_nobody_publishes_in_the_name_of_another_user(broker):
    await publish(broker.url("escrow"), user_id="escrow")

    with pytest.raises(ChannelPreconditionFailed):
        await publish(broker.url("escrow"), user_id="identity")


@pytest.mark.parametrize("version", ["3.10.8", "3.13.7"])
def test_an_older_broker_is_refused_with_the_reason_and_the_next_step(
    monkeypatch, tmp_path, version
):
    with answering({"rabbitmq_version": version}) as url:
        management = Management.at(url)
        with management.client, pytest.raises(BrokerTooOld) as refusal:
            management.declare(topology.read())

        monkeypatch.setenv("HOLDFAST_RABBITMQ_URL", "amqp://user:word@127.0.0.1:1/")
        monkeypatch.setenv("HOLDFAST_RABBITMQ_MANAGEMENT_URL", url)
        found = [it for it in doctor.examine(Instance(tmp_path)) if it.what == "rabbitmq"]

    said = str(refusal.value)
    assert [it.verdict for it in found] == [doctor.Verdict.BAD]
    assert said == f"{found[0].said}: {found[0].fix}"
    assert f"RabbitMQ {version} is older than 4.0" in said
    assert "CC and BCC" in said
    assert "unset HOLDFAST_RABBITMQ_URL" in said


@pytest.mark.parametrize("version", ["4.0.0", "4.0.5", "4.1.0-rc.1", "10.0"])
def test_a_newer_broker_is_not_refused(version):
    assert objection(version) is None


class answering:
    """A management interface that says one thing to whatever it is asked."""

    def __init__(self, body):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.end_headers()
                self.wfile.write(json.dumps(body).encode())

            def log_message(self, *words):
                pass

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://user:word@127.0.0.1:{self.server.server_port}"

    def __exit__(self, *failure):
        self.server.shutdown()
        self.server.server_close()


def an_installation(folder, version):
    program = folder / f"lib/rabbitmq_server-{version}/sbin/rabbitmq-server"
    program.parent.mkdir(parents=True)
    program.touch()


def test_of_the_systems_installations_the_newest_counts(tmp_path):
    assert rabbitmq.installed(tmp_path) is None
    for version in ("3.10.8", "4.0.5", "4.0.12"):
        an_installation(tmp_path, version)

    assert rabbitmq.version(rabbitmq.installed(tmp_path)) == "4.0.12"


NEW_STYLE = """\
# The distribution
Types: deb deb-src
URIs: https://mirror.example/debian
Suites: bookworm bookworm-updates bookworm-backports
Components: main non-free
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: https://mirror.example/security
Suites: bookworm-security
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBF
 -----END PGP PUBLIC KEY BLOCK-----

Enabled: no
Types: deb
URIs: https://off.example/debian
Suites: bookworm
Components: main

Types: deb-src
URIs: https://source.example/debian
Suites: bookworm
Components: main
"""
VENDOR = """\
Types: deb
URIs: https://vendor.example/linux/debian
Suites: bookworm
Components: stable
"""
OLD_STYLE = """\
deb [arch=amd64 signed-by=/etc/apt/own.gpg] http://mirror.example/debian bookworm main contrib
deb-src http://mirror.example/debian bookworm main
# deb http://off.example/debian bookworm main
deb http://mirror.example/debian bookworm-updates main # updates
deb cdrom:[Debian]/ bookworm main
deb http://vendor.example/apt bookworm-pgdg main
"""


@pytest.fixture
def etc(tmp_path):
    (tmp_path / "sources.list.d").mkdir()
    return tmp_path


def test_the_machines_own_mirror_and_keys_serve_the_wanted_release(etc):
    (etc / "sources.list.d/debian.sources").write_text(NEW_STYLE)
    (etc / "sources.list.d/vendor.sources").write_text(VENDOR)

    first, second = apt.renamed(etc, "bookworm").split("\n\n")

    assert first.splitlines() == [
        "types: deb",
        "uris: https://mirror.example/debian",
        "suites: trixie trixie-updates",
        "components: main",
        "signed-by: /usr/share/keyrings/debian-archive-keyring.gpg",
    ]
    assert "suites: trixie-security\n" in second
    assert second.endswith(
        "signed-by: \n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINBF\n"
        " -----END PGP PUBLIC KEY BLOCK-----\n"
    )


def test_sources_in_the_one_line_style_are_understood(etc):
    (etc / "sources.list").write_text(OLD_STYLE)

    first, second = apt.renamed(etc, "bookworm").split("\n\n")

    assert "uris: http://mirror.example/debian\nsuites: trixie\n" in first
    assert "signed-by: /etc/apt/own.gpg" in first
    assert "suites: trixie-updates\n" in second


def test_a_mirror_that_is_named_in_both_styles_has_one_keyring(etc):
    (etc / "sources.list.d/debian.sources").write_text(NEW_STYLE)
    (etc / "sources.list").write_text("deb https://mirror.example/debian/ bookworm main\n")

    found = apt.renamed(etc, "bookworm")

    assert found.count("uris: https://mirror.example/debian") == 2
    assert found.count("signed-by: /usr/share/keyrings/debian-archive-keyring.gpg") == 2


def test_a_machine_without_debians_own_sources_has_none(etc):
    (etc / "sources.list.d/vendor.sources").write_text(VENDOR)

    assert apt.renamed(etc, "bookworm") == ""


def a_source(uri):
    return f"types: deb\nuris: {uri}\nsuites: trixie\ncomponents: main\ntrusted: yes\n"


def test_what_no_program_reads_is_not_kept_but_licences_are(tmp_path):
    kept = ["usr/share/doc/libc6/copyright", "usr/lib/libc.so.6", "usr/share/rabbitmq/doc"]
    gone = ["usr/share/doc/libc6/changelog.gz", "usr/share/man/man1/erl.1.gz", "usr/share/bug/x"]
    for name in kept + gone:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "usr/share/doc/linked").symlink_to("libc6")

    apt.lighten(tmp_path)

    files = [it for it in tmp_path.rglob("*") if not it.is_dir() or it.is_symlink()]
    assert sorted(str(it.relative_to(tmp_path)) for it in files) == sorted(kept)
    assert not (tmp_path / "usr/share/man").joinpath("man1").exists()


def test_packages_that_cannot_be_had_are_told_with_what_apt_said(tmp_path):
    with pytest.raises(apt.NoPackages, match=r"no packages of Debian trixie \(E: "):
        apt.fetch(["rabbitmq-server"], tmp_path, a_source(f"file:{tmp_path}/nothing"))


def test_a_mirror_that_never_answers_is_not_waited_for_without_end(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}/debian"

        with pytest.raises(apt.NoPackages, match="did not arrive in time"):
            apt.fetch(["rabbitmq-server"], tmp_path, a_source(uri), patience_s=2.0)
