"""The page of operations: complete, and true of what it says reaches each."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from click.testing import Result
from command_tree import command_names
from reference import operations, place

from novita_infra.cli import root
from novita_infra.cli.pages.operations_page import AS_V1, LOOKUP, REACHED, operations_table, reached_by
from novita_infra.kinds import by_name
from novita_infra.lookups.registry import LOOKUPS
from novita_infra.simulator.routes.registry import OPERATIONS

Invoke = Callable[..., Result]
ROOT = Path(__file__).parents[2]
FACTS = ROOT / "tests" / "support" / "kind_facts"
FLEET = """\
apiVersion: novita-infra/v1
kind: Instance
metadata: {name: one}
spec: {product: {gpu: RTX 4090}, image: "ubuntu:22.04", rootDiskGb: 20}
---
apiVersion: novita-infra/v1
kind: Instance
metadata: {name: paid}
spec: {product: {gpu: RTX 4090}, image: "ubuntu:22.04", rootDiskGb: 20, billingMode: monthly, months: 1}
"""
RUNS = {
    "api": [
        "GET /v3/user",
        "POST /openai/v1/responses --data @responses.json",
        "POST /anthropic/v1/messages --data @messages.json",
    ],
    "balance": [""],
    "batches get": ["batch-1"],
    "batches list": [""],
    "batches results": ["batch-1"],
    "billing fixed-term": [""],
    "billing keys": [""],
    "billing monthly": [""],
    "billing transactions": [""],
    "billing usage": [""],
    "budgets check": ["member {member}", "key {key}", "member {member} --cost 1", "key {key} --cost 1"],
    "budgets list": [""],
    "budgets set": ["member {member} --unlimited --auto-approve", "key {key} --unlimited --auto-approve"],
    "chat": ["qwen/qwen3-max Hello --no-stream"],
    "clusters": [""],
    "complete": ["meta-llama/llama-3.1-8b-instruct Once"],
    "embed": ["baai/bge-m3 text"],
    "files get": ["file-1"],
    "files list": [""],
    "files upload": ["in.jsonl"],
    "idle": [""],
    "image-models": [""],
    "instance migrate": ["{id} --auto-approve"],
    "instance renew": ["{paid} --months 1 --auto-approve"],
    "instance restart": ["{id} --auto-approve"],
    "instance stop": ["{id} --auto-approve"],
    "instance start": ["{id}"],
    "images list": [""],
    "instance save-image": ["{id} docker.io/team/saved:1"],
    "jobs": [""],
    "keys": ["", "{key}", "{key} --allow qwen/qwen3-max --auto-approve", "{key} --default --auto-approve"],
    "logs": ["{id}"],
    "metrics": ["{id}"],
    "models": ["", "qwen/qwen3-max"],
    "instance web-terminal": ["{id} --on"],
    "offers": ["", "--type serverless"],
    "orphans": [""],
    "products": ["gpu", "cpu", "serverless"],
    "ps": ["", "--all"],
    "quota": [""],
    "rerank": ["baai/bge-reranker-v2-m3 query document"],
    "spend": [""],
    "ssh": ["{id} -- true"],
    "sweep": ["--auto-approve"],
    "task submit": ["txt2img --data @task.json"],
    "templates": ["", "101"],
    "v2": [""],
    "whoami": [""],
}
"""By command: the words of each run, which together make the calls that the page says."""
QUEUES = {f"endpoint {word}" for word in ("run", "status", "cancel", "health", "purge")}
FILES = {"batches cancel", "files content", "files delete"}
ELSEWHERE = {"images delete", "job break", "task get", "task wait", "webhook listen"} | QUEUES | FILES
"""Commands whose calls other tests show: a job may have ended before it could be broken; a task, a file and a batch
need an id, and a queue an asynchronous endpoint.
"""
BODIES = {
    "responses": {"model": "qwen/qwen3-max", "input": "Hello"},
    "messages": {"model": "qwen/qwen3-max", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]},
    "task": {"prompt": "a fox", "image_num": 1},
}


def test_every_operation_is_on_the_page_and_the_table_holds_nothing_else() -> None:
    used = {name for one in OPERATIONS for name in (one.name, f"{one.name.partition('.')[0]}.*")}
    assert REACHED.keys() - used == set()
    assert all(reached_by(one.name) for one in OPERATIONS)
    committed = (ROOT / "docs" / "reference" / "operations.md").read_text(encoding="utf-8")
    assert committed == operations_table(OPERATIONS), "run: make schemas"


def test_the_table_has_no_hole() -> None:
    known = {place(one["method"], one["path"]) for one in operations()}
    reached = {place(one.method, one.path) for one in OPERATIONS if reached_by(one.name)}
    assert known - reached == set(), "let a kind, a command or a lookup reach them"


def test_every_word_of_the_table_is_a_kind_a_command_or_a_lookup() -> None:
    every = {word for one in OPERATIONS for word in reached_by(one.name)}
    assert {word.removeprefix(AS_V1) for word in every if word.startswith(AS_V1)} <= every
    words = {word for word in every if not word.startswith(AS_V1)}
    lookups = {word.removeprefix(LOOKUP) for word in words if word.startswith(LOOKUP)}
    kinds = {word for word in words if by_name(word)}
    commands = {word for word in words if not word.startswith(LOOKUP)} - kinds
    assert lookups <= set(LOOKUPS)
    assert commands - set(command_names(root)) == set()
    assert commands == RUNS.keys() | ELSEWHERE


def test_a_kind_that_is_said_to_reach_an_operation_has_it_among_its_pairs() -> None:
    for one in OPERATIONS:
        for kind in filter(None, map(by_name, reached_by(one.name))):
            pairs = yaml.safe_load((FACTS / kind.type / "pairs.yaml").read_text(encoding="utf-8"))
            assert one.source in {item["source"] for item in pairs["operations"]}, (kind.name, one.name)


def test_a_command_that_is_said_to_reach_an_operation_calls_it(
    run: Invoke, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "fleet.yaml").write_text(FLEET)
    (project / "novita-infra.yaml").write_text("apiVersion: novita-infra/v1\nkind: Project\nmetadata: {name: small}\n")
    (project / "in.jsonl").write_text('{"custom_id": "a", "body": {"model": "m", "prompt": "Once"}}')
    assert run("apply", "--sim", "--auto-approve").exit_code == 0
    id, paid = run("ps", "instance.*", "--sim", "--query", "sort_by(@, &name)[].id").stdout.split()
    monkeypatch.setenv("NOVITA_INFRA_LOG", "debug")
    for name, body in BODIES.items():
        (project / f"{name}.json").write_text(json.dumps(body))
    owners = {"member": "owner@example.com", "key": "key-1"}
    missing = []
    for command, lines in RUNS.items():
        given = [words.format(id=id, paid=paid, **owners).split() for words in lines]
        logged = "".join(run(*command.split(), "--sim", *words).stderr for words in given)
        calls = set(re.findall(r"(?:DEBUG|INFO|WARNING) ([A-Z]+ /[^\s?]+)", logged))
        wanted = [f"{one.method} {one.path}" for one in OPERATIONS if command in reached_by(one.name)]
        missing += [(command, call, logged[-300:]) for call in wanted if not _made(call, calls)]
    assert missing == []


def _made(operation: str, calls: set[str]) -> bool:
    pattern = re.sub(r"\\{[^}]*\\}", ".+", re.escape(operation))
    return any(re.fullmatch(pattern, call) for call in calls)
