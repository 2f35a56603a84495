"""Every reader of a file or an answer: a sound input, and what reads it. A test holds the list against the code."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, Final

import trustme
import yaml
from click.testing import CliRunner
from damage import damaged_bytes, damaged_json
from encrypted_states import IDENTITY, RECIPIENT, encrypted
from folder_objects import FolderObjects
from guarding import PAYLOAD

from novita_infra.api.error_mapping import refusal
from novita_infra.api.limits.shared_limits import LimitsFile
from novita_infra.api.logs.lines import extract_lines
from novita_infra.api.request import Request, get
from novita_infra.api.responses import Response, content
from novita_infra.batches.checking import check_input
from novita_infra.batches.joining import input_rows, join_results
from novita_infra.cli import root
from novita_infra.cli.commands.account.api import given_body
from novita_infra.cli.model_options import given_text
from novita_infra.encoding.checksums import add_line_checksum
from novita_infra.forges.jobs import _event
from novita_infra.inference.answers import first_model_in, piece_of
from novita_infra.kinds.batch.inputs import describe_input
from novita_infra.kinds.batch.results import AnswerUsage
from novita_infra.kinds.batch.written import _answered
from novita_infra.manifests.language.expressions import evaluate
from novita_infra.manifests.language.scope import DeclaredResources, Scope
from novita_infra.manifests.modules.git.lock_file import read_pins
from novita_infra.manifests.secrets.picking import data_in
from novita_infra.manifests.secrets.running import output_of
from novita_infra.manifests.secrets.sops import SOURCE as SOPS
from novita_infra.manifests.secrets.source import Asking, Pointed, Question, Unreadable
from novita_infra.manifests.secrets.vault import SOURCE as VAULT
from novita_infra.manifests.secrets.vault import _fields, _stored_token
from novita_infra.model.clock import RealClock
from novita_infra.model.computing.compute import resolve
from novita_infra.model.computing.effort import Uncomputable
from novita_infra.model.rules import Judge, Policy
from novita_infra.model.values import Secret, reveal
from novita_infra.operations.completion import known_addresses, known_environments
from novita_infra.operations.known_places import KnownPlaces
from novita_infra.operations.llm.seen import SeenTasks
from novita_infra.operations.llm.webhooks import _task_of
from novita_infra.operations.session import ProjectOptions
from novita_infra.policies.running import _Bench
from novita_infra.policies.schema_judge import judge_by_schema
from novita_infra.programs.processes import Exited
from novita_infra.simulator import open_world, scenario_of
from novita_infra.simulator.routes.llm.programs import program_answer
from novita_infra.state.audit.checking import check_log
from novita_infra.state.audit.entries import AuditEntry, chained
from novita_infra.state.audit.user_log import UserLog, read_user_lines, with_answers
from novita_infra.state.backend import Stored
from novita_infra.state.backends.http.client import ServerReply
from novita_infra.state.backends.http.document import EarlierState, StateDocument, read_document
from novita_infra.state.backends.http.locks import lock_information, note_in
from novita_infra.state.backends.s3 import open_s3
from novita_infra.state.backends.s3.credentials import find_credentials
from novita_infra.state.encryption.data_keys import new_data_key
from novita_infra.state.encryption.envelope import seal_header, seal_lines, seal_state
from novita_infra.state.encryption.settings import encryption_of
from novita_infra.state.encryption.storage import EncryptedStorage
from novita_infra.state.encryption.wrapping import AgeWrapping
from novita_infra.state.format.file_format import read_state, write_state
from novita_infra.state.format.journal import fold, header_line, put_line, snapshot_line
from novita_infra.state.locks.byte_locks import ByteLocks
from novita_infra.state.locks.file_lock import take_lock
from novita_infra.state.locks.lock_holders import holder_of
from novita_infra.state.objects.objects import ObjectChange
from novita_infra.state.objects.place import ObjectPlace
from novita_infra.state.seen_versions import seen_version
from novita_infra.state.settings import StateSettings
from novita_infra.state.state import AuditHead, State, new_state
from novita_infra.testing.scenario_files import read_scenario

PROJECT: Final = """\
apiVersion: novita-infra/v1
kind: Project
metadata: {name: small, id: abcdefgh}
variables:
  size: {type: integer, default: 20}
  note: {type: string, default: none}
budget: {perHour: 100, perMonth: 10000}
maxPriceRise: 5%
changeLimit: {percent: 50, from: 3}
environments: {default: {variables: {size: 30}, patches: [{target: vpc.net, lifecycle: {protect: true}}]}}
moved: [{from: vpc.old, to: vpc.net}, {from: module.old, to: module.nets}]
removed: [{from: registry_auth.gone, destroy: false}]
outputs: {dataId: "${network_storage.data.id}", nets: "${module.nets[*].id}", note: "${var.note}"}
"""
IMPORT: Final = "import: [{to: vpc.net, id: n-1}]\n"
FLEET: Final = """\
apiVersion: novita-infra/v1
kind: NetworkStorage
metadata: {name: data}
spec: {cluster: us-ca-nas-2, sizeGb: "${var.size}"}
---
apiVersion: novita-infra/v1
kind: VPC
metadata: {name: net, labels: {team: a}}
lifecycle: {timeouts: {create: 5m}}
spec: {cluster: us-dallas-nas-2}
---
apiVersion: novita-infra/v1
kind: RegistryAuth
metadata: {name: registry}
spec: {username: me, password: {fromFile: password.txt}}
---
apiVersion: novita-infra/v1
kind: RegistryAuth
metadata: {name: other}
spec: {username: me, password: {fromDotenv: {file: login.env, name: PASSWORD}}}
---
apiVersion: novita-infra/v1
kind: Module
metadata: {name: nets}
forEach: {a: 1, b: 2}
spec: {source: ./modules/net, inputs: {cluster: us-dallas-nas-2, count: "${each.value}"}}
"""
INTERFACE: Final = """\
apiVersion: novita-infra/v1
kind: ModuleInterface
inputs:
  cluster: {type: string}
  count: {type: integer, default: 1, validation: [{condition: "${var.count < 9}", message: at most 8}]}
outputs: {id: "${vpc.inner[*].id}"}
"""
INNER: Final = """\
apiVersion: novita-infra/v1
kind: VPC
metadata: {name: inner}
forEach: ${range(var.count)}
spec: {name: "net-${each.key}-${upper(project.name)}", cluster: "${var.cluster}"}
"""
JSON_MANIFEST: Final = """\
{"apiVersion": "novita-infra/v1", "kind": "Template", "metadata": {"name": "base"}, "enabled": "${var.size > 5}",
 "spec": {"image": "ubuntu:22.04", "rootDiskGb": 20, "readme": "${var.note} \\u00e9 ${env.NOTE}", "ports": ["22/tcp"]}}
"""

Damage = Callable[[bytes, Random, int], Iterator[tuple[str, bytes]]]


_REQUESTS: Final = b'{"custom_id": "a", "body": {"model": "m", "messages": [{"content": "hello"}], "max_tokens": 5}}\n'
_RESULTS: Final = (
    b'{"custom_id": "a", "error": null, "response": {"status_code": 200, "body": {"usage": {"prompt_tokens": 1}}}}\n'
)
_ROWS: Final = b'{"word": "hello", "size": 1}\n'
_TEMPLATE: Final = {"messages": [{"content": "{{word}}"}], "max_tokens": "{{size}}"}
_ROWS_SPEC: Final = {"model": "m", "input": {"data": "rows.jsonl", "template": _TEMPLATE}}
_TABLE_SPEC: Final = {"model": "m", "input": {"data": "rows.csv", "template": _TEMPLATE}}


@dataclass(frozen=True)
class Reader:
    """One input, the file of the project that holds it, and how it is read."""

    name: str
    damages: tuple[Damage, ...]
    read: Callable[[Path, Path], object]
    """Takes the folder of the project and the damaged file; raises what a caller reports as a message."""
    file: str = "input"
    sample: bytes = b""
    """The sound input, where `make_project` does not make the file."""
    count: int = 6
    """How often each kind of damage is done in the quick lane."""

    @property
    def file_name(self) -> str:
        """The name as that of a file."""
        return self.name.replace(" ", "-")


def run(*words: str) -> None:
    """The command; fails on a traceback, an internal error and an unknown exit code."""
    ended = CliRunner().invoke(root, list(words), prog_name="novita-infra")
    assert ended.exception is None or isinstance(ended.exception, SystemExit), repr(ended.exception)
    assert "internal error" not in ended.output, ended.output
    assert "Traceback" not in ended.output, ended.output
    assert ended.exit_code in {0, 1, 2, 3, 4, 5, 6}, ended.output


def make_project(folder: Path) -> Path:
    """An applied project with all files that a project can have; to be called in it."""
    files = {"novita-infra.yaml": PROJECT, "fleet.yaml": FLEET, "password.txt": "hunter2-hunter2\n"}
    files |= {"prod.vars.yaml": "size: 50\n", "schema.json": '{"type": "object", "required": ["format_version"]}'}
    files |= {"dev.vars.json": '{"size": 50}\n', "login.env": "# of the build\nPASSWORD='hunter2 # it'\n"}
    files |= {"dev.env": "export size=50 # GB\n", "base.json": JSON_MANIFEST}
    files |= {"modules/net/novita-infra-module.yaml": INTERFACE, "modules/net/nets.yaml": INNER}
    files |= {".vault-token": "hvs.hunter2\n"}
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    run("apply", "--sim", "--auto-approve", str(folder))
    (folder / "novita-infra.yaml").write_text(PROJECT + IMPORT)  # of what is recorded already
    (folder / "fleet.yaml").write_text(FLEET.replace("team: a", "team: b").replace("5m", "6m"))
    run("plan", "--sim", "--out", str(folder / "p.niplan"), "--var", "size=60", str(folder))
    state = state_of(folder)
    lines = [put_line(record, "put") for record in state.records.values()]
    (folder / "state" / "default.journal").write_bytes(header_line(state) + b"".join(lines))
    return folder


def state_of(folder: Path) -> State:
    return read_state((folder / "state" / "default.json").read_bytes(), "state", hint="")


def as_bytes(data: bytes, random: Random, count: int) -> Iterator[tuple[str, bytes]]:
    """Damage of the bytes."""
    yield from (("bytes", damaged) for damaged in damaged_bytes(data, random, count))


def as_json(data: bytes, random: Random, count: int) -> Iterator[tuple[str, bytes]]:
    """Damage of the JSON. A checksum is left out: a file without one is read as one of an old version."""
    value = json.loads(data)
    if isinstance(value, dict):
        value.pop("checksum", None)
    for place, text in damaged_json(value, random, count):
        yield place, text.encode("utf-8", "surrogatepass")


def as_lines(data: bytes, random: Random, count: int) -> Iterator[tuple[str, bytes]]:
    """Damage of the JSON in one line of a journal, under a checksum that matches."""
    lines = data.split(b"\n")[:-1]
    for _ in range(count):
        number = random.randrange(len(lines))
        value = json.loads(lines[number])
        value.pop("crc32", None)
        for place, text in damaged_json(value, random, 1):
            line = text.encode("utf-8", "surrogatepass")
            changed = [
                *lines[:number],
                add_line_checksum(line) if line.startswith(b"{") else line,
                *lines[number + 1 :],
            ]
            yield f"line {number + 1}: {place}", b"\n".join(changed) + b"\n"


def as_yaml(data: bytes, random: Random, count: int) -> Iterator[tuple[str, bytes]]:
    """Damage of one of the documents, as values."""
    documents = list(yaml.safe_load_all(data))
    for _ in range(count):
        number = random.randrange(len(documents))
        for place, text in damaged_json(documents[number], random, 1):
            parts = [json.dumps(item) for item in documents]
            parts[number] = text
            yield place, "\n---\n".join(parts).encode("utf-8", "surrogatepass")


def _command(*words: str) -> Callable[[Path, Path], None]:
    return lambda folder, file: run(*(word.format(folder=folder, file=file) for word in words))


def _expression(folder: Path, file: Path) -> None:
    """Evaluates a string over values that are expressions themselves, then what waits for an apply."""
    try:
        text = file.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        return  # a manifest is text
    for secret in (False, True):
        found = evaluate(text, Scope(**_NAMES, folder=folder), secret=secret)
        for value in (found.value, reveal(_known(found.value))):
            str(value)
        str(found.errors)


def _known(value: Any) -> Any:
    """The value after an apply."""
    try:
        return resolve(value, lambda _: PAYLOAD)
    except Uncomputable:
        return None


def _unreadable(read: Callable[[], object]) -> None:
    with suppress(Unreadable):
        read()


def _sops(_: Path, file: Path) -> None:
    for part in ("a.b.0.c", "a.d", "a.b.1", "a", "x"):
        pointed = Pointed(Question("fromSops", (), "the file"), part, "sops:x")
        _unreadable(lambda pointed=pointed: SOPS.text(data_in(file.read_bytes(), subject="sops"), pointed))  # type: ignore[misc]


def _vault(_: Path, file: Path) -> None:
    pointed = Pointed(Question("fromVault", (), "the secret"), "token", "vault:x")
    for status in (200, 302, 403, 404, 500):
        _unreadable(
            lambda status=status: VAULT.text(
                _fields(status, file.read_bytes(), subject="x", secrets=["hunter2"]), pointed
            )  # type: ignore[misc]
        )


def _output(folder: Path, file: Path) -> None:
    asking, data = Asking(folder, {}, ["hunter2"]), file.read_bytes()
    for exited in (
        Exited(0, data, b""),
        Exited(1, b"hunter2", data),
        Exited(-9, data, data),
        Exited(0, data, b"", "x"),
    ):
        _unreadable(lambda exited=exited: output_of(exited, asking, subject="op"))  # type: ignore[misc]


def _world(_: Path, file: Path) -> None:
    open_world(file, now=time.time).close()


def _seen_tasks(_: Path, file: Path) -> None:
    with SeenTasks(file) as tasks:
        tasks.cut_off()


def _completed(folder: Path) -> None:
    known_addresses(ProjectOptions(path=folder))
    known_environments(folder)


def _program_answer(body: bytes) -> None:
    world = open_world(None, now=lambda: 1_790_000_000.0)
    program_answer(world, health="", method="POST", path="/v1/chat/completions", body=body)


def _audit(_: Path, file: Path) -> None:
    lines, head = read_user_lines(file)
    with_answers(check_log(lines, head, "").entries)
    log = UserLog(file, clock=RealClock(), environ={}, redacted=str)
    log.after(asyncio.run(log.before(Request("POST", "/create"))))


def _lock(_: Path, file: Path) -> None:
    str(take_lock(file, "apply", now=time.time))


def _document(_: Path, file: Path) -> None:
    read_document(file.read_bytes(), "https://host/state", "dev")


def _lock_information(_: Path, file: Path) -> None:
    for status in (409, 423):
        holder_of(note_in(lock_information(ServerReply(status, file.read_bytes()))))


def _objects(folder: Path, file: Path) -> None:
    objects = FolderObjects(folder / "objects", atomic=True)
    objects.write([ObjectChange(key, file.read_bytes()) for key in ("locks", "dev/head")])
    place = ObjectPlace(objects)
    place.locks()
    place.storage("dev").read()


def _named_lock(_: Path, file: Path) -> None:
    locks = ByteLocks(file, "apply", now=time.time)
    str(locks.try_lock("vpc a"))
    locks.close()


def _pace(_: Path, file: Path) -> None:
    limits = LimitsFile(file)
    with limits.open(time.time()) as read:
        assert read is not None
        read.pace.reserve(time.time())
    limits.close()


def _place(folder: Path, file: Path) -> None:
    project = SimpleNamespace(state=StateSettings(folder, {}))
    session: Any = SimpleNamespace(project=project, cache=folder, account="a")
    places = KnownPlaces(session)
    assert places.folder
    places.folder.mkdir()
    file.rename(places.folder / "0.place")
    places.others()


def _seen(folder: Path, file: Path) -> None:
    named = folder / "states" / f"{hashlib.sha256(b'l').hexdigest()[:32]}.json"
    named.parent.mkdir()
    file.rename(named)
    seen_version(folder, "l")


def _schema(_: Path, file: Path) -> None:
    before, sys.stdin, sys.stdout = (sys.stdin, sys.stdout), io.StringIO('{"format_version": "1.2"}'), io.StringIO()
    try:
        judge_by_schema(str(file), "whole")
        assert json.loads(sys.stdout.getvalue()).keys() <= {"deny", "error"}
    finally:
        sys.stdin, sys.stdout = before


class _Printing(_Bench):
    """A policy that has printed the bytes of `text`."""

    def _run(self, policy: Policy, argv: list[str]) -> Exited:
        del policy, argv
        return Exited(0, self.text, b"")


def _profiles(_: Path, file: Path) -> None:
    environ = {
        "AWS_CONFIG_FILE": str(file),
        "AWS_SHARED_CREDENTIALS_FILE": str(file),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    for profile in ("", "ci"):
        found = find_credentials(environ, profile).options
        if "credential_provider" in found:
            found["credential_provider"]()


def _authorities(folder: Path, file: Path) -> None:
    settings = StateSettings(folder, {"bucket": "states", "endpoint": "https://127.0.0.1:1", "caFile": file.name})
    open_s3(settings, {"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "hunter2"})


_KEYS: Final = encryption_of(encrypted(Path()).revealed())
_KEY: Final = new_data_key(AgeWrapping((RECIPIENT,), IDENTITY, "state.encryption.identity"))
_STATE: Final = new_state("small", "dev")
_LINE: Final = snapshot_line("vpc", ("v-1",))
SEALED_STATE: Final = seal_state(write_state(_STATE), _KEY)
_HEADER: Final = seal_header(header_line(_STATE), _KEY)
SEALED_JOURNAL: Final = _HEADER + seal_lines(_LINE, _KEY, number=2, header=_HEADER)


def _sealed(state: bytes, journal: bytes) -> None:
    below = SimpleNamespace(
        read=lambda: Stored(state, journal),
        describe=lambda: "s",
        describe_journal=lambda: "j",
        restore_hint=lambda: "r",
    )
    stored = EncryptedStorage(below, _KEYS).read()
    fold(read_state(stored.state or b"", "s", hint=""), stored.journal or b"", "j")


def _verdict(folder: Path, file: Path) -> None:
    bench = _Printing(folder, {}, file.read_bytes(), threading.Event(), frozenset({"hunter2"}))
    bench.judge(Policy(name="p", by=Judge.RUN, words=(sys.executable,)))


def _answer(_: Path, file: Path) -> None:
    data = file.read_bytes()
    str(refusal(get("/x"), Response(400, body=data), now=0.0, hidden=frozenset()))
    content(get("/x"), Response(200, {"content-type": "application/json"}, data))


_AUDIT: Final = chained(AuditHead(), [AuditEntry(at=1.0), AuditEntry(at=2.0, of=1)])[1]
_HOLDER: Final = b'{"operation": "apply", "user": "ada", "pid": 12, "host": "h", "boot": "b", "since": "now"}'
_VERDICT: Final = b'{"deny": ["no"], "warn": [{"reason": "hm", "address": "vpc.net"}]}'
_SCENARIO: Final = (
    b"name: x\nsays: y\nevents: [{at: 5, do: fault, fault: {kind: status, count: 2, operation: '*.list'}}]\n"
)
_REFUSAL: Final = (
    b'{"code": 5, "reason": "CONFLICT", "message": "no", "metadata": {"id": 3}, "error": {"message": "m"}}'
)

_LOCK_FILE: Final = (
    b"apiVersion: novita-infra/v1\nkind: ModuleLock\nmodules:\n  git::https://host/m.git:\n"
    b"    commit: 37ffd8ce489dc4686a38da0c9c27dfa97b59e000\n    folders: {train: sha256:%s}\n" % (b"0" * 64)
)
_EXPRESSION: Final = b"""\
a ${var.size > 2 ? upper(var.note) : file("password.txt")} $${x} ${[1, 2.5, "a"][0] + length(each.value.list)} \
${instance.a[*].ip} ${instance.b["k"].image == "x" && !true || false} ${join(",", [for])} \
${jsonencode({"a": var.map})} \
${replace(local.x, "a", "b")} ${env.NOTE} ${vpc.net.id} ${-1 % 3 <= 4 / 2 * 1} ${coalesce(null, trim(" a "))} \
${format("%s-%03d", project.name, 7)} ${base64encode(yamlencode(range(2, 8, 3)))} ${sha256("a\\n\\u00e9")}
"""
_VALUE: Final = f"value {PAYLOAD}"
_NAMES: Final[dict[str, Any]] = {
    "variables": {
        "size": 3,
        "note": _VALUE,
        "map": {"a": [_VALUE]},
        "secret": Secret(_VALUE, "var:secret"),
        "lost": None,
    },
    "environ": {"NOTE": _VALUE, "A": "hunter2-hunter2"},
    "resources": DeclaredResources(
        attributes={"instance": ("id", "ip"), "vpc": ("id",)},
        fields={"instance": ("image", "env")},
        read=lambda _address, _name: _VALUE,
        keys=lambda address: ("k", "l") if address.name == "b" else ("",),
    ),
    "named": {"each": {"key": "k", "value": {"list": [_VALUE]}}, "project": {"name": "p"}},
    "local": lambda _name, _scope: (_VALUE, ()),
}
"""The names of an expression. Each text is an expression too, which nobody may evaluate."""

VALIDATE: Final = _command("validate", "{folder}")
BYTES: Final = (as_bytes,)
BYTES_AND_JSON: Final = (as_bytes, as_json)
BYTES_AND_LINES: Final = (as_bytes, as_lines)
BYTES_AND_YAML: Final = (as_bytes, as_yaml)
JSON: Final = (as_json,)
YAML: Final = (as_yaml,)
READERS: Final = (
    Reader("manifest", BYTES_AND_YAML, VALIDATE, "fleet.yaml"),
    Reader(
        "manifest for an import",
        YAML,
        _command("import", "vpc.net", "unknown", "--sim", "{folder}/novita-infra.yaml"),
        "fleet.yaml",
        count=2,
    ),
    Reader("manifest for fmt", BYTES_AND_YAML, _command("fmt", "{folder}"), "fleet.yaml", count=3),
    Reader("input of a batch", BYTES_AND_JSON, lambda _, file: check_input(file), sample=_REQUESTS, count=20),
    Reader(
        "results of a batch",
        BYTES_AND_JSON,
        lambda folder, file: asyncio.run(join_results(input_rows(file), [file], folder / "joined")),
        sample=_RESULTS,
        count=20,
    ),
    Reader(
        "earlier results of a batch", BYTES_AND_JSON, lambda _, file: list(_answered(file)), sample=_RESULTS, count=20
    ),
    Reader("event of a forge", BYTES_AND_JSON, lambda _, file: _event(str(file)), sample=b'{"number": 1}', count=20),
    Reader("project of a completion", YAML, lambda folder, _: _completed(folder), "novita-infra.yaml", count=3),
    Reader("manifest of a completion", YAML, lambda folder, _: _completed(folder), "fleet.yaml", count=3),
    Reader(
        "rows of a batch",
        BYTES_AND_JSON,
        lambda folder, file: describe_input(_ROWS_SPEC, file.rename(folder / "rows.jsonl").parent),
        sample=_ROWS,
        count=20,
    ),
    Reader(
        "table of a batch",
        BYTES,
        lambda folder, file: describe_input(_TABLE_SPEC, file.rename(folder / "rows.csv").parent),
        sample=b"word,size\nhello,1\n",
        count=20,
    ),
    Reader(
        "answers of a batch",
        BYTES_AND_JSON,
        lambda folder, file: asyncio.run(
            join_results([], [file], folder / "joined", seen=AnswerUsage(None).add_result)
        ),
        sample=_RESULTS,
        count=20,
    ),
    Reader(
        "lock file of modules",
        BYTES_AND_YAML,
        lambda folder, file: read_pins(file.rename(folder / "novita-infra.lock.yaml").parent),
        sample=_LOCK_FILE,
        count=20,
    ),
    Reader(
        "profiles of S3",
        BYTES,
        _profiles,
        sample=b"[default]\naws_access_key_id = A\naws_secret_access_key = hunter2\n[profile ci]\nregion = r\n",
        count=20,
    ),
    Reader("authorities of S3", BYTES, _authorities, sample=trustme.CA().cert_pem.bytes(), count=20),
    Reader("manifest in JSON", BYTES_AND_JSON, VALIDATE, "base.json", count=3),
    Reader("manifest of a module", BYTES_AND_YAML, _command("graph", "{folder}"), "modules/net/nets.yaml"),
    Reader("interface of a module", BYTES_AND_YAML, VALIDATE, "modules/net/novita-infra-module.yaml"),
    Reader("expression", BYTES, _expression, sample=_EXPRESSION, count=60),
    Reader("project", BYTES_AND_YAML, VALIDATE, "novita-infra.yaml", count=8),
    Reader("project of a destroy", YAML, _command("destroy", "--sim", "{folder}"), "novita-infra.yaml", count=3),
    Reader(
        "variables",
        BYTES_AND_YAML,
        _command("validate", "--var-file", "{file}", "--var", "size=0x1e999", "{folder}"),
        "prod.vars.yaml",
    ),
    Reader(
        "variables in JSON", BYTES_AND_JSON, _command("validate", "--var-file", "{file}", "{folder}"), "dev.vars.json"
    ),
    Reader("variables in dotenv", BYTES, _command("validate", "--var-file", "{file}", "{folder}"), "dev.env"),
    Reader("secret", BYTES, VALIDATE, "password.txt"),
    Reader("dotenv", BYTES, VALIDATE, "login.env"),
    Reader(
        "answer of SOPS",
        BYTES_AND_JSON,
        _sops,
        sample=b'{"a": {"b": [{"c": "hunter2"}, 1.50], "d": true}, "sops": {"version": "3.9"}}',
        count=20,
    ),
    Reader(
        "answer of a vault",
        BYTES_AND_JSON,
        _vault,
        sample=b'{"data": {"data": {"token": "hunter2"}, "metadata": {}}, "errors": ["no hunter2", 5]}',
        count=20,
    ),
    Reader("output of a command", BYTES, _output, sample=b"hunter2 \xc3\xa9\nlast line\r\n", count=20),
    Reader("token of a vault", BYTES, lambda _, file: _stored_token({"HOME": str(file.parent)}), ".vault-token"),
    Reader("state", BYTES_AND_JSON, _command("state", "list", "{folder}"), "state/default.json", count=12),
    Reader("state of a plan", JSON, _command("plan", "--sim", "{folder}"), "state/default.json", count=4),
    Reader("journal", BYTES_AND_LINES, _command("show", "--json", "{folder}"), "state/default.journal", count=12),
    Reader(
        "state of a repair",
        BYTES_AND_JSON,
        _command("state", "repair", "--dry-run", "{folder}"),
        "state/default.json",
        count=4,
    ),
    Reader(
        "journal of a repair",
        BYTES_AND_LINES,
        _command("state", "repair", "--dry-run", "{folder}"),
        "state/default.journal",
    ),
    Reader(
        "encrypted state",
        BYTES_AND_JSON,
        lambda _, file: _sealed(file.read_bytes(), SEALED_JOURNAL),
        sample=SEALED_STATE,
        count=4,
    ),
    Reader(
        "encrypted journal",
        BYTES_AND_LINES,
        lambda _, file: _sealed(SEALED_STATE, file.read_bytes()),
        sample=SEALED_JOURNAL,
        count=4,
    ),
    Reader(
        "journal beside an encrypted state",
        BYTES_AND_LINES,
        lambda _, file: _sealed(SEALED_STATE, file.read_bytes()),
        sample=header_line(_STATE) + _LINE,
        count=4,
    ),
    Reader(
        "pushed state",
        BYTES_AND_JSON,
        _command("state", "push", "{file}", "--dry-run", "--force", "{folder}"),
        "state/default.json",
        count=4,
    ),
    Reader("saved plan", BYTES_AND_JSON, _command("show", "{file}"), "p.niplan", count=10),
    Reader("lock", BYTES_AND_JSON, _lock, sample=_HOLDER),
    Reader("audit log", BYTES_AND_JSON, _audit, sample=_AUDIT),
    Reader(
        "head and leases of objects",
        BYTES_AND_JSON,
        _objects,
        sample=b'{"format": 1, "state": "", "fence": 2, "leases": {"dev": {"token": "a", "beat": 1, "holder": {}}}}',
    ),
    Reader(
        "document on a server",
        BYTES_AND_JSON,
        _document,
        sample=StateDocument("dev").followed({}, journal=b"\xff", earlier=(EarlierState("1", 1.0, b"{}", b""),)).text(),
    ),
    Reader(
        "lock information of a server",
        BYTES_AND_JSON,
        _lock_information,
        sample=b'{"ID": "7", "Operation": "apply", "Info": "{\\"pid\\": 1}", "Who": "ada@host"}',
    ),
    Reader(
        "named locks", BYTES, _named_lock, sample=_HOLDER.ljust(1024, b"\0") + hashlib.sha256(b"vpc a").digest()[:7]
    ),
    Reader("place", BYTES_AND_JSON, _place, sample=b'{"options": {"path": "state"}, "root": "/srv/fleet"}'),
    Reader(
        "seen version",
        BYTES_AND_JSON,
        _seen,
        sample=b'{"serial": 7, "previous": "sha256:00", "place": "/srv/fleet/state/default.json", "at": 1.5}',
    ),
    Reader("pace", BYTES, _pace, sample=bytes(range(200))),
    Reader("account of the simulator", BYTES, _world, ".novita-infra/sim.db", count=12),
    Reader("scenario", BYTES_AND_YAML, lambda _, file: scenario_of(read_scenario(file).data), sample=_SCENARIO),
    Reader("schema of a policy", BYTES_AND_JSON, _schema, "schema.json"),
    Reader("verdict of a policy", JSON, _verdict, sample=_VERDICT, count=20),
    Reader("answer", BYTES_AND_JSON, _answer, sample=_REFUSAL, count=20),
    Reader(
        "body of a call",
        BYTES_AND_JSON,
        lambda _, file: given_body(f"@{file}"),
        sample=b'{"name": "a", "tags": ["b", 1, null]}',
        count=20,
    ),
    Reader(
        "log",
        BYTES_AND_JSON,
        lambda _, file: extract_lines(file.read_bytes(), secrets=["hunter2"]),
        sample=b'{"logs": [{"message": "one\\ntwo", "time": 5}, "three"]}',
        count=20,
    ),
    Reader(
        "event",
        BYTES_AND_JSON,
        lambda _, file: piece_of(file.read_text(encoding="utf-8", errors="replace")),
        sample=b'{"choices": [{"delta": {"content": "a"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 1}}',
        count=20,
    ),
    Reader(
        "served models",
        BYTES_AND_JSON,
        lambda _, file: first_model_in(file.read_bytes()),
        sample=b'{"object": "list", "data": [{"id": "m"}]}',
        count=20,
    ),
    Reader(
        "prompt",
        BYTES,
        lambda _, file: given_text(None, file, what="prompt"),
        sample=b"What is a reconciler?",
        count=10,
    ),
    Reader(
        "seen tasks",
        BYTES_AND_LINES,
        _seen_tasks,
        sample=b'{"task":"a","state":"begun"}\n{"task":"a","state":"ended"}\n',
        count=20,
    ),
    Reader(
        "webhook event",
        BYTES_AND_JSON,
        lambda _, file: _task_of(file.read_bytes()),
        sample=b'{"event_type": "ASYNC_TASK_RESULT", "payload": {"task": {"task_id": "a"}}}',
        count=20,
    ),
    Reader(
        "program",
        BYTES_AND_JSON,
        lambda _, file: _program_answer(file.read_bytes()),
        sample=b'{"model": "m", "messages": [{"role": "user", "content": "a"}]}',
        count=20,
    ),
)

DRIVEN: Final = {
    "api/error_mapping:_read": "answer",
    "api/limits/shared_limits:LimitsFile._read": "pace",
    "api/logs/lines:json_of": "log",
    "api/responses:content": "answer",
    "batches/checking:_Checking._line": "input of a batch",
    "batches/joining:_object": "results of a batch",
    "kinds/batch/rows:_json": "rows of a batch",
    "kinds/batch/written:_objects": "earlier results of a batch",
    "cli/commands/account/api:given_body": "body of a call",
    "cli/commands/state/state/transfer:push_state": "pushed state",
    "cli/model_options:given_text": "prompt",
    "encoding/json_text:parse_foreign_json": "answer",
    "encoding/json_text:parse_json": "state",
    "forges/jobs:_event": "event of a forge",
    "inference/answers:first_model_in": "served models",
    "inference/answers:piece_of": "event",
    "manifests/export/drafts:_substitutes": "manifest for an import",
    "manifests/export/formatting:_formatted": "manifest for fmt",
    "manifests/export/formatting:format_yaml": "manifest for fmt",
    "manifests/language/variable_types:parsed_text": "variables",
    "manifests/modules/git/lock_file:read_pins": "lock file of modules",
    "manifests/project/files:Files._dotenv": "variables in dotenv",
    "manifests/project/files:Files.read": "manifest",
    "manifests/project/locating:locate": "project of a destroy",
    "manifests/project/rules/plan_rules:rules_at": "project of a destroy",
    "manifests/project/rules/project_notifications:_file_with_notifications": "project of a destroy",
    "manifests/secrets/paths:text_in": "secret",
    "manifests/secrets/picking:data_in": "answer of SOPS",
    "manifests/secrets/vault:_stored_token": "token of a vault",
    "manifests/yaml/json_reading:_Reader._string": "variables in JSON",
    "manifests/yaml/parsing:read": "manifest",
    "operations/completion:_declared": "manifest of a completion",
    "operations/completion:known_environments": "project of a completion",
    "operations/importing:_declared_elsewhere": "manifest for an import",
    "operations/known_places:KnownPlaces._place": "place",
    "operations/llm/seen:SeenTasks._read": "seen tasks",
    "operations/llm/seen:_entry": "seen tasks",
    "operations/llm/webhooks:_task_of": "webhook event",
    "operations/manifests/formatting:_read": "manifest for fmt",
    "planning/saved/plan_file:read_content": "saved plan",
    "policies/running:_Bench._answer_of": "verdict of a policy",
    "policies/schema_judge:judge_by_schema": "schema of a policy",
    "simulator/json_text:read_unicode_json": "account of the simulator",
    "simulator/routes/llm/programs:program_answer": "program",
    "simulator/world/engine/account_file:AccountFile.__init__": "account of the simulator",
    "simulator/world/engine/tables:Table._decode": "account of the simulator",
    "state/audit/entries:_entry": "audit log",
    "state/audit/user_log:UserLog._add": "audit log",
    "state/audit/user_log:read_user_lines": "audit log",
    "state/backends/http/document:read_document": "document on a server",
    "state/backends/http/locks:lock_information": "lock information of a server",
    "state/backends/local/disk:Disk.read": "state",
    "state/backends/s3/__init__:_authorities": "authorities of S3",
    "state/backends/s3/credentials:_parsed": "profiles of S3",
    "state/encryption/envelope:_parsed": "encrypted state",
    "state/encryption/sealing:_changes": "journal beside an encrypted state",
    "state/format/file_format:read_json": "state",
    "state/format/file_format:read_state": "state",
    "state/format/journal:_content": "journal of a repair",
    "state/format/journal:_continues": "journal",
    "state/format/journal:fold": "journal",
    "state/locks/byte_locks:ByteLocks._notes": "named locks",
    "state/locks/file_lock:note_at": "lock",
    "state/locks/lock_holders:read_note": "lock",
    "state/objects/layout:json_at": "head and leases of objects",
    "state/seen_versions:_read": "seen version",
    "testing/scenario_files:read_scenario": "scenario",
    "views/content/diagnostics:_read": "manifest",
}
"""The functions of the package that read bytes or texts, as `module:function`, each with the reader that drives it."""

NO_INPUT: Final = {
    "views/formats/json/output:queried_output.write": "reads the JSON that this program wrote",
    "cli/commands/pipelines/ci/init:_read": "looks for words of ours in a file, whatever it holds",
    "cli/discovery:_summary": "reads modules of this program",
    "cli/pages/errors_page:messages": "reads modules of this program",
    "encoding/files:read_file": "what the readers of files call",
    "operations/state/migrating:_value": "reads a word of the command line, as a setting of the project file",
    "state/backends/local/disk:append_lines": "looks whether the last byte ends a line",
    "forges/sending:ForgeClient._json": "`tests/forges/test_sending.py` answers with what is no JSON",
    "forges/sending:ForgeClient._said": "`tests/forges/test_sending.py` answers with what is no JSON",
    "manifests/project/alone:declare_alone": "reads a manifest that this program wrote",
    "manifests/modules/git/trees:files_in": "reads files whose digest it computes, whatever they are",
    "programs/privacy:_overwrite": "reads a file of the kernel",
    "programs/processes:_Reports.read": "reads what our own supervisor writes",
    "programs/processes:_read_output": "passes on the bytes of a program",
    "policies/running:_Bench._fit": "reads what our own program prints",
    "schema/resources:write_schemas": "reads schemas that this program wrote",
    "views/formats/html/page:_asset": "reads files of this package",
    "simulator/http/control:_json": "requests; the lane of generated requests damages them",
    "simulator/http/coverage:write_operations": "reads a page of this repository",
    "simulator/http/reading:_json_of": "requests; the lane of generated requests damages them",
    "simulator/http/redaction:_json": "requests and answers, which are redacted as text if they are no JSON",
    "simulator/world/llm/files:rows": "requests; the lane of generated requests damages them",
    "state/backends/git/messages:_of_lines": "reads lines that this process is about to write",
    "state/locks/lock_holders:_boot": "reads a file of the kernel",
}
"""Functions that read nothing that can be damaged, or are driven elsewhere, each with the reason."""
