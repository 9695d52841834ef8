"""The gateway's file, on a real Traefik in front of servers that echo what reaches them."""

import http.server
import json
import os
import re
import socket
import subprocess
import threading
import time
from contextlib import contextmanager

import httpx
import pytest
import yaml
from holdfast import ports, routes
from holdfast.instance import Instance
from holdfast.servers import traefik
from holdfast.services import SERVICES

pytestmark = pytest.mark.xdist_group("gateway")
WAIT_S = 60
TLS_PROXY = "127.43.0.9"
FORGED = "203.0.113.66"
REACHED = {
    "/": "identity",
    "/v1/auth/discord/url": "identity",
    "/v1/me": "identity",
    "/v1/me/sessions": "identity",
    "/v1/users/usr_1": "identity",
    "/v1/users/usr_1/experiences": "verification",
    "/v1/admin/users/usr_1": "identity",
    "/v1/admin/proposals/identity/ppl_1": "identity",
    "/v1/admin/proposals/contracts": "contracts",
    "/v1/admin/proposals/escrow/ppl_1/approve": "escrow",
    "/v1/api-keys": "identity",
    "/v1/guilds/1": "identity",
    "/v1/links/lnk_1/url": "identity",
    "/link/abc": "identity",
    "/terms": "identity",
    "/terms/2026-11-22": "identity",
    "/v1/terms/2026-11-22": "identity",
    "/oauth/roblox/callback?code=1": "identity",
    "/.well-known/jwks.json": "identity",
    "/schemas/escrow.released.v1.json": "identity",
    "/v1/listings": "listings",
    "/v1/listings/lst_1/offers": "listings",
    "/v1/offers/ofr_1/accept": "listings",
    "/v1/contracts/ctr_1/pdf": "contracts",
    "/v1/contracts/verify": "contracts",
    "/v1/admin/contract-templates": "contracts",
    "/sign/abc": "contracts",
    "/v1/escrows/esc_1/confirm": "escrow",
    "/v1/disputes": "escrow",
    "/v1/payout-accounts/onboarding-link": "escrow",
    "/v1/return-pages/paid": "escrow",
    "/v1/webhooks/stripe": "escrow",
    "/v1/admin/ledger": "escrow",
    "/v1/verifications/ver_1": "verification",
    "/v1/assets/1/snapshots": "verification",
    "/v1/notifications/read": "notifier",
    "/v1/notification-preferences": "notifier",
    "/v1/webhook-endpoints/1/deliveries": "notifier",
    "/v1/webhook-deliveries/1/replay": "notifier",
    "/v1/stream": "notifier",
}
CLOSED = (
    "/internal/introspect", "/v1/internal/introspect", "/internal/token-exchange", "/ready",
    "/live",
    "/metrics", "/openapi.json", "/docs", "/v1", "/v1/screenings", "/v1/listingsx", "/v1/mean",
    "/v1/users/../../internal/introspect", "/v1/users/%2e%2e/%2e%2e/internal/introspect",
    "//internal/introspect",
)  # fmt: skip


class Echo(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept, as the services keep them
    disable_nagle_algorithm = True

    def do_GET(self):
        size = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(size)
        told = {"who": self.server.who, "path": self.path, "size": size}
        told["headers"] = dict(self.headers)
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT = do_DELETE = do_PATCH = do_GET

    def log_message(self, *_):
        pass


@contextmanager
def running(folder, edge_proxies):
    """A real Traefik; proxies at these addresses may say who the client is."""
    servers = {}
    for service in SERVICES:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
        server.who = service.name
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers[service.name] = server
    urls = {name: f"http://127.0.0.1:{it.server_port}" for name, it in servers.items()}
    instance = Instance(folder, "gw")
    os.environ[routes.EDGE_PROXIES] = edge_proxies
    process = traefik.gateway(instance, ports.Ports(instance), urls, ())
    del os.environ[routes.EDGE_PROXIES]
    with (instance.log / "gateway.log").open("wb") as log:
        environment = os.environ | process.environment
        child = subprocess.Popen(process.command, stdout=log, stderr=log, env=environment)
    with httpx.Client(base_url=f"http://127.0.0.1:{process.port}", timeout=10) as client:
        deadline = time.monotonic() + WAIT_S
        while not _answers(client):
            assert time.monotonic() < deadline, (instance.log / "gateway.log").read_text()
            time.sleep(0.05)
        yield client
    child.terminate()
    child.wait(WAIT_S)
    for server in servers.values():
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with running(tmp_path_factory.mktemp("gateway"), "") as client:
        yield client


@pytest.fixture(scope="module")
def behind_tls(tmp_path_factory):
    with running(tmp_path_factory.mktemp("behind"), f"{TLS_PROXY}/32") as client:
        yield client


def _answers(client):
    try:
        return client.get("/v1/me").status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.parametrize("path", REACHED)
def test_a_path_reaches_its_owner_unchanged(gateway, path):
    answer = gateway.get(path).json()

    assert (answer["who"], answer["path"]) == (REACHED[path], path)


@pytest.mark.parametrize("path", CLOSED)
def test_what_is_not_for_the_public_is_not_reachable(gateway, path):
    raw = httpx.URL(str(gateway.base_url).rstrip("/"), raw_path=path.encode())

    assert gateway.get(raw).status_code in (400, 404)


@pytest.mark.parametrize(
    "name", ["X-User", "x-user-id", "X_User", "X.User", "X-Forwarded-User", "Remote_User"]
)
@pytest.mark.abuse("I9")
def test_nobody_tells_a_service_who_he_is_by_a_header(gateway, name):
    headers = gateway.get("/v1/me", headers={name: "usr_admin"}).json()["headers"]

    assert "usr_admin" not in headers.values()


def test_what_services_need_passes(gateway):
    sent = {
        "Authorization": "Bearer x",
        "Idempotency-Key": "k",
        "If-Match": '"3"',
        "X-Request-Id": "r",
    }

    headers = gateway.get("/v1/me", headers=sent).json()["headers"]

    received = {name.lower(): value for name, value in headers.items()}
    assert {name: received[name.lower()] for name in sent} == sent


def test_a_body_too_large_is_refused_where_it_comes_in(gateway):
    large = b"x" * (1024 * 1024 + 1)

    assert gateway.post("/v1/listings", content=large).status_code == 413
    assert gateway.post("/v1/contracts/verify", content=large).json()["size"] == len(large)


def at_once(gateway, path, count, source="127.0.0.1", forwarded=""):
    """The answers to so many requests that are all sent before the first answer is read."""
    asked = f"GET {path} HTTP/1.1\r\nHost: holdfast.test\r\n"
    asked += f"X-Forwarded-For: {forwarded}\r\n" if forwarded else ""
    place = (gateway.base_url.host, gateway.base_url.port)
    with (
        socket.create_connection(place, 60, (source, 0)) as line,
        line.makefile("rb") as answers,
    ):
        again = (asked + "\r\n").encode() * (count - 1)
        line.sendall(again + (asked + "Connection: close\r\n\r\n").encode())
        return [int(it) for it in re.findall(rb"HTTP/1.1 (\d{3}) ", answers.read())]


def told(gateway, source, headers):
    """What reaches a service of where a request comes from that leaves from this address."""
    sent = httpx.HTTPTransport(local_address=source)
    with httpx.Client(base_url=gateway.base_url, transport=sent, timeout=10) as client:
        return client.get("/v1/me", headers=headers).json()["headers"]


@pytest.mark.abuse("I9")
@pytest.mark.parametrize("name", ["X-Forwarded-For", "X-Real-Ip", "X_Forwarded_For", "x-real.ip"])
def test_who_connects_is_the_client_whatever_a_header_says(gateway, behind_tls, name):
    for way_in in (gateway, behind_tls):
        headers = told(way_in, "127.41.0.7", {name: FORGED})

        assert headers["X-Forwarded-For"] == "127.41.0.7"
        assert headers["X-Real-Ip"] == "127.41.0.7"
        assert FORGED not in headers.values()


@pytest.mark.abuse("I9")
def test_a_proxy_before_the_gateway_says_who_its_client_is(gateway, behind_tls):
    sent = {"X-Forwarded-For": f"{FORGED}, 198.51.100.7"}

    assert told(behind_tls, TLS_PROXY, sent)["X-Forwarded-For"] == (
        f"{FORGED}, 198.51.100.7, {TLS_PROXY}"
    )
    assert told(gateway, TLS_PROXY, sent)["X-Forwarded-For"] == TLS_PROXY


def test_a_flood_is_slowed_but_webhooks_are_not(gateway):
    webhooks = {gateway.post("/v1/webhooks/stripe").status_code for _ in range(600)}

    assert any(429 in at_once(gateway, "/v1/notifications", 500) for _ in range(50))
    assert webhooks == {200}


@pytest.mark.abuse("R1")
def test_a_flood_from_one_address_slows_nobody_at_another_one(gateway):
    def flood(number):
        return at_once(gateway, "/v1/notifications", 500, "127.41.0.7", f"203.0.113.{number}")

    assert any(429 in flood(number) for number in range(50))
    assert at_once(gateway, "/v1/notifications", 1, "127.41.0.8") == [200]


@pytest.mark.abuse("R1")
def test_behind_a_proxy_each_client_of_it_is_counted_by_itself(behind_tls):
    def flood(number):
        said = f"203.0.113.{number}, 198.51.100.7"
        return at_once(behind_tls, "/v1/notifications", 500, TLS_PROXY, said)

    assert any(429 in flood(number) for number in range(50))
    assert at_once(behind_tls, "/v1/notifications", 1, TLS_PROXY, "198.51.100.8") == [200]


def test_the_file_for_compose_is_the_local_one_with_other_addresses():
    file = Instance.named().root / "deploy" / "traefik" / "dynamic.yaml"

    wanted = routes.dynamic({it.name: f"http://{it.name}:8000" for it in SERVICES})

    assert yaml.safe_load(file.read_text()) == wanted
