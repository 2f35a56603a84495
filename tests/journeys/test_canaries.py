"""A secret of its own from each source reaches the API, and stands in no byte that any command shows or keeps."""

from __future__ import annotations

import base64
import json
import sys
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from manifest_files import manifest, project_file, write
from processes import OURS, Cloud, serving
from secret_programs import calls, programs
from vault_server import TOKEN, vault_server

from novita_infra.cli import root
from novita_infra.cli.commands.main import plan as plan_command

pytestmark = pytest.mark.process

CANARIES = {
    "fromEnv": "canary/env+Ünï-0001",
    "fromFile": "canary file 'quoted' 0002",
    "fromDotenv": 'canary"dotenv"\\0003',
    "fromSops": "canary-sops-<&>-0004",
    "fromKeyring": "canary-keyring-%41-0005",
    "fromVault": "canary/vault?x=1&y=2-0006",
    "fromCommand": "canary line one\ncanary-command-0007",
    "variable": "canary-variable-0008",
    "var-file": "canary-var-file-0009",
    "in clear": "canary-in-clear-0010",
}
POINTERS = {
    "fromEnv": "{fromEnv: CANARY_TOKEN}",
    "fromFile": "{fromFile: secrets/file}",
    "fromDotenv": "{fromDotenv: {file: secrets/.env, name: X}}",
    "fromSops": "{fromSops: {file: secrets/s.enc.json, path: a.b}}",
    "fromKeyring": "{fromKeyring: {service: novita, name: hub}}",
    "fromVault": "{fromVault: {path: training, field: token}}",
    "fromCommand": "{fromCommand: [op, stored]}",
    "variable": "${var.given}",
    "var-file": "${var.filed}",
}
PROJECT = project_file(
    "variables:\n"
    "  given: {sensitive: true}\n"
    "  filed: {sensitive: true}\n"
    "  asked: {sensitive: true, default: {fromCommand: [op, stored]}}\n"
    "secretCommands: [op]\n"
    "policies: [{file: policy.py}]\n"
    'outputs: {link: "https://x:${var.asked}@h", hub: "${registry_auth.hub0.id}", image: "${instance.a.image}"}\n'
)
POLICY = """\
import json, os, pathlib, sys
text = sys.stdin.read()
pathlib.Path("seen-by-the-policy").write_text(text + repr(dict(os.environ)))
print(json.dumps({"deny": []}))
"""
IMAGE = "  product: {gpu: RTX 4090}\n  image: ubuntu:22.04\n  cluster: us-dallas-nas-2\n"


def forms(text: str) -> set[str]:
    """What a leak of the text may look like: each of its lines in each spelling."""
    found: set[str] = set()
    for line in (text, *text.split("\n")):
        data = line.encode()
        found |= {line, json.dumps(line)[1:-1], json.dumps(line, ensure_ascii=False)[1:-1], repr(line)[1:-1]}
        found |= {urllib.parse.quote(line), urllib.parse.quote(line, safe=""), urllib.parse.quote_plus(line)}
        found |= {data.hex(), data.hex().upper()}
        for shift in range(3):  # base64 of a longer text that holds it: the letters that do not depend on the rest
            encoded = base64.b64encode(b"x" * shift + data).decode().rstrip("=")
            found.add(encoded[(0, 2, 3)[shift] : -1])
            found.add(encoded[(0, 2, 3)[shift] : -1].replace("+", "-").replace("/", "_"))
    return found


QUOTED = " ".join(
    form
    for text in CANARIES.values()
    for form in (
        *(text, json.dumps(text), json.dumps(text, ensure_ascii=False)),
        *(urllib.parse.quote(text), urllib.parse.quote(text, safe=""), urllib.parse.quote_plus(text)),
        *(base64.b64encode(f"{user}{text}".encode()).decode() for user in ("", "x:", "me:")),
    )
)
"""How a service may quote the secrets."""
FORMS = {name: forms(text) for name, text in CANARIES.items()}


def leaks(text: str) -> list[tuple[str, str]]:
    return [(name, form) for name, known in FORMS.items() for form in known if form in text]


def project(folder: Path) -> None:
    env = "".join(f"    C{index}: {pointer}\n" for index, pointer in enumerate(POINTERS.values()))
    hubs = "".join(
        manifest("RegistryAuth", f"hub{index}", f"  username: me\n  password: {pointer}\n")
        for index, pointer in enumerate((*POINTERS.values(), f'"{CANARIES["in clear"]}"'))
    )
    command = '  command: "run --token ${var.given} ${var.asked} ${env.CANARY_TOKEN}"\n'
    write(
        folder,
        {
            "novita-infra.yaml": PROJECT,
            "policy.py": POLICY,
            "fleet.yaml": manifest("Instance", "a", f"{IMAGE}{command}  env:\n{env}") + hubs,
            "secrets/file": f"{CANARIES['fromFile']}\n",
            "secrets/.env": 'X="' + CANARIES["fromDotenv"].replace("\\", "\\\\").replace('"', '\\"') + '"\n',
            "secrets/s.enc.json": json.dumps({"a": {"b": CANARIES["fromSops"]}}),
            "secrets/vars.yaml": f"filed: {json.dumps(CANARIES['var-file'])}\n",
            "secrets/packages/keyring.py": f"def get_password(*_):\n    return {CANARIES['fromKeyring']!r}\n",
            "secrets/bin/stored": f"{CANARIES['fromCommand']}\n",
        },
    )


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """A project with secrets from every source, in the current folder, and a served simulator as its account."""
    project(tmp_path)
    for name in (*OURS, "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "BAO_ADDR", "BAO_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path / "secrets" / "packages")
    monkeypatch.delitem(sys.modules, "keyring", raising=False)
    with (
        serving(time_scale=200) as (address, _),
        vault_server({"secret/training": {"token": CANARIES["fromVault"]}}) as vault,
    ):
        environ = {**programs(tmp_path / "secrets" / "bin"), **vault.environ, "SOPS_AGE_KEY": "AGE-SECRET"}
        environ |= {"CANARY_TOKEN": CANARIES["fromEnv"], "NOVITA_INFRA_VAR_given": CANARIES["variable"]}
        environ |= {"NOVITA_API_URL": address, "NOVITA_API_KEY": "sk_test", "XDG_CACHE_HOME": str(tmp_path / "cache")}
        environ |= {"NOVITA_INFRA_LOG": "debug"}
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        yield Cloud(address)
    monkeypatch.delitem(sys.modules, "keyring", raising=False)


def shown(*words: str, codes: tuple[int, ...] = (0,)) -> str:
    """What the command shows; the output and the errors hold no canary."""
    ended = CliRunner().invoke(root, [*words], prog_name="novita-infra")
    text = ended.output + repr(ended.exception)
    assert leaks(text) == [], (words, leaks(text), text)
    assert TOKEN not in text
    assert ended.exit_code in codes, (words, text)
    return ended.output


FILED = ("--var-file", "secrets/vars.yaml")
COMMANDS = (
    ("validate", *FILED),
    ("validate", *FILED, "--json"),
    ("graph", *FILED),
    ("render", *FILED, "--show-origin"),
    ("render", *FILED, "--json"),
    ("fmt", "--diff", "fleet.yaml"),
    ("explain", "RegistryAuth.password"),
    ("plan", *FILED, "--html", "plan.html"),
    ("plan", *FILED, "--json"),
    ("drift", *FILED),
    ("drift", *FILED, "--json"),
    ("report", *FILED, "--html", "report.html"),
    ("why", "instance.a", *FILED),
    ("why", "instance.a", *FILED, "--json"),
    ("orphans",),
)
AFTERWARDS = (
    ("show",),
    ("show", "--json"),
    ("output",),
    ("output", "--json"),
    ("state", "list"),
    ("state", "show", "instance.a"),
    ("state", "show", "registry_auth.hub3", "--json"),
)


def assert_nothing_kept(folder: Path) -> None:
    """No file that a command wrote holds a canary, in its bytes or its name."""
    for path in sorted(folder.rglob("*")):
        own = path.relative_to(folder).as_posix()
        if path.is_file() and path.suffix != ".pyc" and not own.startswith("secrets/") and own != "fleet.yaml":
            assert leaks(own + path.read_bytes().decode("utf-8", "replace")) == [], own


def test_no_byte_of_any_output_log_plan_or_state_holds_a_secret_of_any_source(cloud: Cloud, tmp_path: Path) -> None:
    assert all(leaks(form) for text in CANARIES.values() for form in (text, json.dumps(text), urllib.parse.quote(text)))
    for words in COMMANDS:
        shown(*words, codes=(0, 2, 3))
    refusal = {"status": 400, "reason": "VALIDATOR_PARAM", "message": QUOTED}
    cloud.add_fault(operation="instances.list", **refusal)
    shown("plan", *FILED, codes=(0, 1, 2))
    for operation in ("registry_auths.save", "instances.create"):
        cloud.add_fault(operation=operation, **refusal)
    refused = shown("apply", *FILED, "--auto-approve", "--json", codes=(1,))
    assert refused.count("VALIDATOR_PARAM") >= 2
    assert "(secret)" in refused
    assert_nothing_kept(tmp_path)
    cloud.clear_faults()
    shown("plan", *FILED, "--out", "x.niplan", codes=(0, 2))
    assert "command:op stored" in (tmp_path / "x.niplan").read_text(encoding="utf-8")
    for words in (("show", "x.niplan"), ("show", "x.niplan", "--json"), ("why", "instance.a", "x.niplan")):
        shown(*words)
    shown("apply", "x.niplan", *FILED)
    assert len(cloud.live("instances", "a")) == 1
    assert_nothing_kept(tmp_path)
    for words in (*COMMANDS, *AFTERWARDS):
        shown(*words, codes=(0, 2, 3))
    (tmp_path / "secrets" / "bin" / "stored").write_text("canary-changed\n", encoding="utf-8")
    assert "(secret)" in shown("plan", *FILED)
    (id,) = cloud.live("instances", "a")
    shown("state", "rm", "instance.a")
    shown("import", "instance.a", id, *FILED)
    (tmp_path / "fleet.yaml").unlink()
    shown("import", "instance.b", id, "--steal", *FILED, codes=(0, 1))
    shown("destroy", "--auto-approve", "--allow-data-loss", "*", *FILED, codes=(0, 1, 5))
    assert (tmp_path / "seen-by-the-policy").exists()
    assert_nothing_kept(tmp_path)


def test_each_secret_reaches_the_api_and_each_source_is_asked_once_a_run(cloud: Cloud, tmp_path: Path) -> None:
    shown("apply", *FILED, "--auto-approve")
    (id,) = cloud.live("instances", "a")
    url = f"{cloud.address}/gpu-instance/openapi/v1/gpu/instance"
    answer = httpx.get(url, params={"instanceId": id}, headers={"Authorization": "Bearer sk_test"}).json()
    sent = {item["key"]: item["value"] for item in answer["envs"]}
    assert [sent[f"C{index}"] for index in range(len(POINTERS))] == [CANARIES[name] for name in POINTERS]
    log = calls(tmp_path / "secrets" / "bin")
    assert [line.split()[0] for line in log] == ["op", "sops"]
    for words in (("validate",), ("graph",), ("drift",), ("render",), ("why", "instance.a")):
        text = shown(*words, *FILED, codes=(0, 3))
        named = "the secret from vault:secret/training#token is not read here: what uses it is neither" in text
        assert named == (words[0] in {"drift", "why"}), words
    assert calls(tmp_path / "secrets" / "bin") == log


@pytest.mark.parametrize("debug", ["", "1"])
def test_a_crash_shows_no_secret(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, debug: str) -> None:
    del cloud

    async def crash(session: object, *_: object) -> None:
        raise ZeroDivisionError("\n".join([*CANARIES.values(), repr(getattr(session, "project", ""))]))

    monkeypatch.setenv("NOVITA_INFRA_DEBUG", debug)
    monkeypatch.setattr(plan_command, "plan_project", crash)
    text = shown("plan", *FILED, codes=(1,))
    assert "internal error: ZeroDivisionError" in text
    assert ("Traceback" in text) == bool(debug)
