"""S3: given by endpoint and keys, or a private SeaweedFS from its wheel.

SeaweedFS is four servers in one, and only S3 knows our keys and our locks. The others (master,
volumes, files) hand out and remove what they hold to whoever asks: so they demand a certificate
that only they have.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

from holdfast import probes
from holdfast.credentials import credential
from holdfast.instance import Instance
from holdfast.ports import Ports
from holdfast.process import Process, Step
from holdfast.servers import Server, ServerUnavailable, find_program, mutual_tls

ACCESS_KEY = "holdfast"
_PARTS = ("master", "volume", "filer", "s3")
_WITH_HTTP = ("master", "volume", "filer")
# The embedded administration of users would be one more door at the port of S3.
COMMON_FLAGS = (
    "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3", "-s3.iam=false",
    "-volume.preStopSeconds=0", "-master.telemetry=false", "-s3.port.iceberg=0",
    "-s3.port.lance=0",
)  # fmt: skip
_GIVEN = ("HOLDFAST_S3_ENDPOINT", "HOLDFAST_S3_ACCESS_KEY", "HOLDFAST_S3_SECRET_KEY")


def given() -> Server | None:
    """The S3 server named in the environment, if one is."""
    values = [os.environ.get(name, "") for name in _GIVEN]
    if not values[0]:
        return None
    if not all(values):
        raise ServerUnavailable(f"set all of {', '.join(_GIVEN)}, or no endpoint")
    return Server(dict(zip(("s3", "s3_access_key", "s3_secret_key"), values, strict=True)))


def local(instance: Instance, ports: Ports) -> Server:
    """A private server of this instance that encrypts at rest and keeps object locks."""
    secret = credential(instance, "s3")
    port = ports.get("s3", 9300)
    folder = instance.data / "seaweedfs"
    configuration = instance.secrets / "s3.json"

    async def prepare() -> None:
        folder.mkdir(exist_ok=True, mode=0o700)
        write_identities(configuration, secret)

    server = Process(
        name="seaweedfs",
        command=(
            # Its log is what it writes to us, and no second one in the temporary folder.
            str(find_weed()), "-logtostderr", "server", f"-dir={folder}", *COMMON_FLAGS,
            f"-s3.config={configuration}", "-master.volumeSizeLimitMB=64", "-volume.max=50",
            "-filer.localSocket=filer.sock", "-s3.localSocket=s3.sock",
            "-master.electionTimeout=500ms", "-master.heartbeatInterval=100ms",
            *_port_flags(ports, port),
        ),
        environment={
            "HOME": str(folder),
            "WEED_S3_SSE_KEK": encryption_key(instance),
            **closed_to_others(*certificate(instance)),
        },
        ready=probes.http(f"http://127.0.0.1:{port}/status"),
        after=("seaweedfs-files",),
        port=port,
        folder=folder,
        leaves=_sockets(ports),
        # Its parts wait 15 s for each other when told to stop; what was answered is written by
        # then, so it is not waited for.
        stop_timeout_s=3.0,
    )  # fmt: skip
    paths = {"s3_secret_key": str(instance.secrets / "s3")}
    return Server(urls(port, secret), (Step("seaweedfs-files", prepare), server), paths)


def urls(port: int, secret: str) -> dict[str, str]:
    """How to reach the server, and with which keys."""
    endpoint = f"http://127.0.0.1:{port}"
    return {"s3": endpoint, "s3_access_key": ACCESS_KEY, "s3_secret_key": secret}


def encryption_key(instance: Instance) -> str:
    """The key by which the server encrypts what it stores."""
    return credential(instance, "s3-kek", lambda: secrets.token_hex(32))


def certificate(instance: Instance) -> tuple[Path, Path]:
    """The certificate, and its key, by which the server's parts know each other."""
    key = credential(instance, "s3-tls-key", mutual_tls.make_key)
    credential(
        instance, "s3-tls-certificate", lambda: mutual_tls.make_certificate(key, "SeaweedFS")
    )
    return instance.secrets / "s3-tls-certificate", instance.secrets / "s3-tls-key"


def closed_to_others(certificate: Path, key: Path) -> dict[str, str]:
    """Settings by which every part but S3 itself talks only to who holds this key."""
    own = {"CERT": str(certificate), "KEY": str(key)}
    trusting = {**own, "CA": str(certificate)}
    parts = {
        **{f"GRPC_{part.upper()}": own for part in (*_PARTS, "client")},
        **{f"HTTPS_{part.upper()}": trusting for part in (*_WITH_HTTP, "client")},
    }
    settings = {f"WEED_{part}_{name}": it for part in parts for name, it in parts[part].items()}
    return {**settings, "WEED_GRPC_CA": str(certificate), "WEED_HTTPS_CLIENT_ENABLED": "true"}


def find_weed() -> Path:
    """The program `weed`."""
    return find_program(
        "weed", "no S3 server: set HOLDFAST_S3_ENDPOINT and its keys, or start Docker"
    )


def write_identities(path: Path, secret: str) -> None:
    """Write the server's list of users: us alone."""
    keys = [{"accessKey": ACCESS_KEY, "secretKey": secret}]
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    user = {"name": ACCESS_KEY, "credentials": keys, "actions": actions}
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps({"identities": [user]}), encoding="utf-8")


def _sockets(ports: Ports) -> tuple[Path, ...]:
    """The sockets by which its parts talk: no setting says where they are."""
    grpc = {part: ports.get(f"seaweedfs-{part}-grpc") for part in _PARTS}
    return tuple(Path(f"/tmp/seaweedfs-{part}-grpc-{grpc[part]}.sock") for part in grpc)  # noqa: S108


def _port_flags(ports: Ports, s3_port: int) -> list[str]:
    flags = [f"-s3.port={s3_port}"]
    for part in _PARTS:
        if part != "s3":
            flags.append(f"-{part}.port={ports.get(f'seaweedfs-{part}')}")
        flags.append(f"-{part}.port.grpc={ports.get(f'seaweedfs-{part}-grpc')}")
    return flags
