"""No module outside `kinds` knows a resource type, or a field of one kind, by its name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import novita_infra
from novita_infra.kinds import KINDS

ROOT = Path(novita_infra.__file__).parent
OUTSIDE = [
    path
    for path in sorted(ROOT.rglob("*.py"))
    if path.relative_to(ROOT).parts[0] not in {"kinds", "lookups", "simulator", "testing"}
]
"""The simulator has the names of the API, and `testing` holds manifests and worlds for tests. The criteria of lookups
are words of their own, which are those of the kinds where they mean the same."""

FIELDS = {item.name for kind in KINDS.values() for item in kind.fields}

ANYWHERE = (FIELDS | KINDS.keys()) - {"name", "type", "env", "batch", "input", "key", "model", "results"}
"""Words that stand in no text of the code but as a field or a type. Files and prices of the API have `input`, `model`
and `batch`, too, so these count only as keys."""

KEYS = FIELDS - {"name", "model"}
"""Words that are no key of a spec. `type` is a word of JSON Schema and of addresses too, and `env` a namespace of
expressions, so these two count only as keys. `name` is what every kind calls the name of its objects: a manifest that
leaves it out gets `metadata.name`."""

EXCEPTIONS = {
    ("manifests/project/rules/project_notifications.py", "password"): "the password of a mail server",
    ("operations/notifications/sending.py", "password"): "the password of a mail server",
    ("schema/notifications/settings.py", "password"): "the password of a mail server",
    ("schema/notifications/settings.py", "idle"): "an event of notifications: what the command `idle` finds",
    ("notices/document.py", "idle"): "an event of notifications: what the command `idle` finds",
    ("notices/schema.py", "idle"): "the name of a command",
    ("notices/delivery/wording.py", "idle"): "an event of notifications: what the command `idle` finds",
    ("notices/delivery/wording.py", "command"): "the command of a notice",
    ("forges/gitlab.py", "username"): "a key of GitLab's answers",
    ("api/credentials.py", "password"): "the key of a secret in a body of the API, whatever it is about",
    ("batches/batches.py", "endpoint"): "a field of batches in the API",
    ("batches/checking.py", "endpoint"): "what a request of an input calls",
    ("catalogue/products.py", "instance"): "a category of products in the API, beside serverless",
    ("account/bill_groups.py", "product"): "a way to group bills",
    ("account/billing.py", "image"): "a category of bills in the API",
    ("account/billing.py", "note"): "a field of a payment in the API",
    ("catalogue/images.py", "image"): "the key of a repository in v2",
    ("account/jobs.py", "image"): "the name of what a job saves, in the API",
    ("account/quotas.py", "image"): "a group of limits in the API",
    ("account/v2_objects.py", "endpoint"): "the type of what a list of v2 holds",
    ("account/v2_objects.py", "image"): "a field of objects in v2",
    ("account/v2_objects.py", "image_prewarm"): "the type of what a list of v2 holds",
    ("account/v2_objects.py", "instance"): "the same",
    ("account/v2_objects.py", "template"): "the same",
    ("account/v2_objects.py", "vpc"): "the same",
    ("account/web_terminals.py", "endpoint"): "a field of a terminal in v2",
    ("account/web_terminals.py", "password"): "the same",
    ("account/web_terminals.py", "tools"): "the same",
    ("account/web_terminals.py", "username"): "the same",
    ("catalogue/keys.py", "allowedModels"): "a field of policies in the API, which `keys` shows, too",
    ("catalogue/keys.py", "excludedModels"): "the same",
    ("catalogue/templates.py", "template"): "the key of an answer about templates of anybody",
    ("catalogue/templates.py", "image"): "the same",
    ("catalogue/templates.py", "entrypoint"): "the same",
    ("catalogue/templates.py", "minCudaVersion"): "the same",
    ("catalogue/templates.py", "ports"): "the same",
    ("cli/commands/market/products.py", "products"): "the name of the command's result",
    ("cli/commands/market/templates.py", "template"): "the name of the command's result",
    ("cli/discovery.py", "products"): "the name of a command",
    ("cli/pages/operations_page.py", "products"): "the name of a command",
    ("cli/pages/operations_page.py", "idle"): "the name of a command",
    ("views/results/account/limits.py", "endpoint"): "what a limit of the API is about",
    ("views/results/market/products.py", "products"): "the name of the command's result",
    ("views/results/market/templates.py", "template"): "the name of the command's result",
    ("cli/commands/machines/endpoint/group.py", "endpoint"): "the name of the command",
    ("inference/checks.py", "workers"): "what a check asks of a queue",
    ("inference/queues.py", "idle"): "a field of the health of a queue in the API",
    ("inference/queues.py", "workers"): "the same",
    ("inference/tasks.py", "image"): "a sort of results of tasks in the API",
    ("model/lifecycle.py", "workers"): "what a check asks of a queue",
    ("schema/frame.py", "workers"): "the same",
    ("notices/document.py", "command"): "the command of ours that a notice is about",
    ("notices/schema.py", "command"): "the same in the schema",
    ("views/reports/report.py", "command"): "the rule of a report about commands that fail",
    ("cli/commands/machines/idle.py", "idle"): "the name of the command's result",
    ("cli/commands/machines/instance/group.py", "instance"): "the name of the command",
    ("views/results/machines/idle.py", "idle"): "the name of the command's result",
    ("cli/commands/simulator/sim/run.py", "command"): "the command that is run against the simulator",
    ("manifests/language/variable_types.py", "type"): "the type of a variable, which is no field of a kind",
    ("schema/secret_pointers.py", "command"): "the word for the programs that give secrets",
    ("schema/drift.py", "ports"): "an example in the schema of ignoreChanges, for a reader",
    ("schema/project.py", "gpuCount"): "an example in the schema of defaults, for a reader",
    ("schema/modules/use.py", "rootDiskGb"): "an example in the schema of patches, for a reader",
    ("manifests/project/state_settings.py", "command"): "the word for the programs that give secrets, and keys",
    ("schema/public_places.py", "command"): "the same",
    ("state/encryption/data_keys.py", "command"): "a way of encryption: a program that wraps keys",
    ("state/encryption/settings.py", "command"): "the same",
    ("state/encryption/wrapping.py", "command"): "the same",
    ("state/backends/http/__init__.py", "password"): "a setting of the server of the state",
    ("state/backends/http/__init__.py", "username"): "the same",
    ("state/backends/postgres/objects.py", "password"): "a setting of the database",
    ("state/backends/s3/__init__.py", "endpoint"): "a setting of the bucket: the host of its service",
    ("views/formats/json/safety.py", "command"): "the command of ours that keeps a renamed object",
    ("views/formats/json/schema/plan.py", "command"): "the same in the schema",
}
"""By module and word: why it may stand there."""

_SPECS = re.compile(r"\b(spec|specs|values|after|before|by_name|declared|wanted|eased|sent|chosen)\b")
"""Names of data whose keys are the fields of a kind."""


def leaks(text: str) -> Iterator[tuple[int, str]]:
    """The line and the word of every field or type that the module's code names."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node.value in ANYWHERE:
            yield node.lineno, str(node.value)
    for line, data, key in _keys(tree):
        if key in KEYS - ANYWHERE and _SPECS.search(data):
            yield line, key


def _keys(tree: ast.AST) -> Iterator[tuple[int, str, str]]:
    """Each key that is looked up, with the text of what it is looked up in: `a["k"]`, `a.get("k")`, `"k" in a`."""
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(value=data, slice=ast.Constant(value=str(key))):
                yield node.lineno, ast.unparse(data), key
            case ast.Call(func=ast.Attribute(value=data, attr="get"), args=[ast.Constant(value=str(key)), *_]):
                yield node.lineno, ast.unparse(data), key
            case ast.Compare(left=ast.Constant(value=str(key)), ops=[ast.In() | ast.NotIn()], comparators=[data]):
                yield node.lineno, ast.unparse(data), key


def test_no_module_outside_kinds_names_a_field_or_a_type() -> None:
    found = {(str(path.relative_to(ROOT)), word): line for path in OUTSIDE for line, word in leaks(path.read_text())}
    assert {f"{path}:{line}: {word}" for (path, word), line in found.items() if (path, word) not in EXCEPTIONS} == set()
    assert EXCEPTIONS.keys() <= found.keys(), "an exception that is no longer needed"


@pytest.mark.parametrize(
    "code",
    [
        'record.spec.get("power") == "stopped"',
        'orphan.kind == "instance"',
        'live.values["type"]',
        '"env" in change.after',
        'CHOSEN = {("product",)}',
        'item.name == "product"',
    ],
)
def test_a_leak_is_found(code: str) -> None:
    assert list(leaks(code))


@pytest.mark.parametrize("code", ['schema["type"]', 'spec["name"]', 'space == "env"', 'scope["type"]', "spec[name]"])
def test_what_is_no_field_is_no_leak(code: str) -> None:
    assert not list(leaks(code))
