"""The reference pages in docs/reference: one for each kind, one for metadata and lifecycle, one for the project file.

`python -m novita_infra.schema.reference_pages FOLDER` writes them. They say only what the kinds and the schemas say.
`python -m novita_infra.simulator.http.coverage FOLDER/index.md` then adds the operations at the end of the index.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from novita_infra.kinds import KINDS
from novita_infra.schema.explain_frame import PartExplained, explain_frame, explain_module, explain_project
from novita_infra.schema.explain_kinds import FieldExplained, KindExplained, explain_kind
from novita_infra.schema.frame import EXISTENCE
from novita_infra.schema.modules.page import MODULES
from novita_infra.schema.pages.lookups import lookups_page
from novita_infra.schema.project import EXAMPLE
from novita_infra.schema.secret_pointers import SECRET_POINTERS

_INDEX: Final = """\
# Reference

Generated from the code by `make schemas`.
`novita-infra explain KIND[.field]` and `novita-infra explain Project[.field]` print the same.

* [The project file](project.md) `novita-infra.yaml`: variables, environments, budgets, policies, outputs.
* [Metadata and lifecycle](lifecycle.md): the parts of every resource beside its spec.
* [Variables and local values](variables.md): types, where values come from, rules, secrets.
* [Modules](modules.md): folders of manifests with inputs and outputs.
* [Expressions](expressions.md) `${...}`: names, operators, functions.
* [Lookups](lookups.md) `${lookup.NAME.id}`: products, clusters, objects of others, models, outputs of other projects.
* [Secrets](secrets.md) `{fromEnv: NAME}`: the environment, files, SOPS, the keyring, a vault, a command.
* [The kinds](#the-kinds), with a page for each.
* [The operations](#every-operation) of the API that the simulator serves.
* [The commands](commands.md): what `--help` prints of each.
* [The operations](operations.md) of the API, and the kind, command or lookup that reaches each.
* [Errors](errors.md): exit codes, refusals of the API, and the messages with what to do.

Every document has the same frame:

```yaml
apiVersion: novita-infra/v1
kind: Instance
metadata:
  name: trainer              # unique per kind; the address is instance.trainer
  labels: {team: research}   # for targets, policies, defaults and costs
lifecycle:
  protect: true              # deleting and replacing it are refused
  timeouts: {create: 30m, update: 10m, delete: 5m}
  dependsOn: [network_storage.data]   # and more: see lifecycle.md
spec: {}                     # described on the pages below
```

* `name` in a spec is the object's name in the account. Default: the name in `metadata`.
* Any value may be a `${...}` [expression](expressions.md): `${network_storage.data.id}`, `${var.region}`,
  `${env.HOME}`. `$${` is a plain `${`.
* A field that points at another resource takes its name, or `{id: ...}` for an object that is not managed here.
* Where a value may be secret, [`{fromEnv: NAME}` or another source](secrets.md) keeps it out of the manifest, the plan
  and the state.
* An undeclared field is left to the service. A field that is no longer declared returns to its default, where it has
  one.

## The kinds

| Kind | Address | What it is |
| --- | --- | --- |
"""


_OTHERS: Final = frozenset({"commands.md", "errors.md", "expressions.md", "operations.md", "variables.md"})
"""Pages that another generator or a person writes."""

_LIFECYCLE: Final = """\
# Metadata and lifecycle

The parts of every resource beside its `spec`. `novita-infra explain lifecycle` prints the same, and
`novita-infra explain Instance.lifecycle` prints it with the defaults of the kind. [The reference](index.md).

```yaml
apiVersion: novita-infra/v1
kind: NetworkStorage
metadata:
  name: data
  labels: {team: research}
lifecycle:
  protect: true
  timeouts: {create: 5m}
  onDrift: {edited: alert}
  ignoreChanges:
    - {field: name, reason: renamed by hand now and then, until: 2027-01-31}
spec:
  cluster: us-ca-nas-2
  sizeGb: 200
```
"""

_EXISTENCE: Final = """\
```yaml
apiVersion: novita-infra/v1
kind: Instance
metadata: {name: worker}
forEach:
  eu: {cluster: eu-nl-1, gpus: 4}
  us: {cluster: us-ca-nas-2, gpus: 8}
enabled: ${each.key == "eu" || environment.name == "prod"}
spec:
  product: {gpu: RTX 4090}
  image: docker.io/acme/trainer:1.4.0
  cluster: ${each.value.cluster}
  gpuCount: ${each.value.gpus}
```

* This makes `instance.worker["eu"]`, and in `prod` also `instance.worker["us"]`. The key is part of the address: to
  remove one key, or to write the keys in another order, changes no other resource.
* `each` stands anywhere in the document but in `metadata.name`. Numbers become texts as keys; `each.value` of a list
  is its item. The default name of the object is `worker-eu`.
* Others name one key, `${instance.worker["eu"].ip}` and `vpc: net["eu"]`, or all, `${instance.worker[*].ip}`.
  `dependsOn`, `replaceTriggeredBy` and `--target instance.worker` mean all keys.
* Keys, `enabled` and `environments` decide which resources there are. So they are known before apply and not secret,
  and they read variables, not resources. What a key stands for, its `each.value`, may be anything.
* Other resources cannot name one that does not exist here. `${default(instance.monitor.ip, "none")}` can.
"""

_SECRETS: Final = """\
# Secrets

Where a field is secret by its nature, and in the values of an `env`, a manifest points at the secret by its source. So
does the value of a variable with `sensitive: true`. [The reference](index.md). [How to use
them](../how-to.md#keep-secrets-out).

```yaml
apiVersion: novita-infra/v1
kind: RegistryAuth
metadata:
  name: hub
spec:
  username: acme-bot
  password: {fromEnv: REGISTRY_PASSWORD}
```

* The environment, a file and a dotenv file are read by every command that reads the manifests.
* The other sources are asked by `plan`, `apply` and others that need the value, and only for what a declared field or
  an output uses: each file, path and command once in a run, several at a time. `validate`, `graph` and `drift` ask
  none, and `drift` names what it does not compare.
"""

_PROJECT: Final = f"""\
# The project file

`novita-infra.yaml` at the root of a project. A project can do without one. `novita-infra explain Project` prints the
same. [The reference](index.md).

```yaml
{EXAMPLE.rstrip()}
```
"""


def pages() -> dict[str, str]:
    """Every page by its file name."""
    explained = [explain_kind(kind) for kind in KINDS.values()]
    rows = [f"| [{item.name}]({item.type}.md) | `{item.type}.NAME` | {item.summary} |" for item in explained]
    return {
        "index.md": _INDEX + "\n".join(rows) + "\n",
        "project.md": _PROJECT + "\n".join(_parts("Fields", explain_project())) + "\n",
        "modules.md": MODULES + "\n".join(_module_parts()) + "\n",
        "lookups.md": lookups_page(),
        "secrets.md": _SECRETS + "\n".join(_sources()) + "\n",
        "lifecycle.md": _LIFECYCLE + "\n".join(_frame()) + "\n",
        **{f"{item.type}.md": "\n".join(_page(item)) + "\n" for item in explained},
    }


def write_pages(folder: Path) -> None:
    """Writes every page into the folder, and removes the pages of removed kinds."""
    folder.mkdir(parents=True, exist_ok=True)
    made = pages()
    for stale in folder.glob("*.md"):
        if stale.name not in made and stale.name not in _OTHERS:
            stale.unlink()
    for name, text in made.items():
        (folder / name).write_text(text, encoding="utf-8")


def _page(kind: KindExplained) -> Iterator[str]:
    yield from (f"# {kind.name}", "", kind.summary, "", f"Address: `{kind.type}.NAME`. [All kinds](index.md).", "")
    yield from ("```yaml", kind.example.rstrip(), "```", "")
    yield from ("## Fields", "", "| Field | Type | Default |", "| --- | --- | --- |")
    for field in kind.fields:
        yield f"| [`{field.path}`](#{field.path.lower()}) | {_cell(field.type)} | {_default(field)} |"
    for field in kind.fields:
        yield from ("", f"### {field.path}", "", *_facts(field))
    yield from ("", "## Attributes for expressions", "", "| Attribute | What it is |", "| --- | --- |")
    yield from (f"| `${{{kind.type}.NAME.{name}}}` | {_cell(text)} |" for name, text in kind.outputs.items())
    yield from ("", "## Replacing, deleting, waiting", "")
    yield f"* Replaced: {kind.replacement}."
    yield f"* Deleted: {kind.deletion}."
    yield f"* [Owner mark](../how-to.md#continue-after-an-interrupted-run): {kind.mark_place or 'none'}."
    rules = KINDS[kind.type].resolution.checks
    if rules:
        types = ", ".join(f"`{name}`" for name in rules.types)
        yield f"* [`check`](lifecycle.md#check), asked at the end of an apply: {types}."
    limits = ", ".join(f"{name} {limit}" for name, limit in kind.timeouts.items())
    yield f"* Waits at most, unless [`lifecycle.timeouts`](lifecycle.md#timeouts) says otherwise: {limits}."


def _sources() -> Iterator[str]:
    """What is known of each source of secrets."""
    for item in SECRET_POINTERS.values():
        yield from ("", f"## {item.key}", "", str(item.schema["description"]), "")
        yield f"* Write: `{item.form}`"
        yield f"* Example: `{item.example}`"
        yield f"* Asked by: {'`plan`, `apply` and others that need it' if item.asked else 'every command'}"
        parts = item.schema.get("properties", {})
        if parts:
            yield from ("", "| Inside | Default | What it is |", "| --- | --- | --- |")
        for name, part in parts.items():
            default = f"`{part['default']}`" if "default" in part else ""
            yield f"| `{name}` | {default or 'required'} | {_cell(part['description'])} |"


def _module_parts() -> Iterator[str]:
    yield from _parts("A use", explain_module())
    yield from _parts("The file of a module", explain_module(interface=True))


def _frame() -> Iterator[str]:
    yield from _parts("Metadata", explain_frame("metadata"))
    whole = explain_frame("")
    yield from _parts("Existence", replace(whole, items=tuple(item for item in whole.items if item.name in EXISTENCE)))
    yield from ("", _EXISTENCE.rstrip())
    yield from _parts("Lifecycle", explain_frame("lifecycle"))
    yield from ("", "The defaults of `timeouts` are on the page of [each kind](index.md#the-kinds).")
    yield from _parts("Check", explain_frame("check"))


def _parts(title: str, whole: PartExplained) -> Iterator[str]:
    """The fields inside a part: a table of all, then the facts of each."""
    yield from ("", f"## {title}", "", *([whole.doc, ""] if whole.path else []))
    yield from ("| Field | Type | Default |", "| --- | --- | --- |")
    for part in whole.items:
        yield f"| [`{part.name}`](#{part.name.lower()}) | {_cell(part.type)} | {_default(part)} |"
    for part in whole.items:
        yield from ("", f"### {part.name}", "", part.doc, "")
        yield f"* Type: {part.type}" + ("; required" if part.required else "")
        if part.limits:
            yield f"* Limits: {', '.join(_code(limit) for limit in part.limits)}"
        if part.default:
            yield f"* Default: `{part.default}`"
        if part.examples:
            yield f"* Examples: {', '.join(f'`{example}`' for example in part.examples)}"
        inside = [inner for inner in _deep(part) if inner is not part]
        if inside:
            yield from ("", "| Inside | Type | Default | Limits | What it is |", "| --- | --- | --- | --- | --- |")
        for inner in inside:
            path = inner.path.removeprefix(f"{whole.path}.") if whole.path else inner.path
            limits = ", ".join(_code(limit) for limit in inner.limits)
            yield f"| `{path}` | {_cell(inner.type)} | {_default(inner)} | {_cell(limits)} | {_cell(inner.doc)} |"


def _deep(part: PartExplained) -> Iterator[PartExplained]:
    """The part and all parts inside it, at any depth."""
    yield part
    for item in part.items:
        yield from _deep(item)


def _facts(field: FieldExplained) -> Iterator[str]:
    yield from (field.doc, "")
    yield f"* Type: {field.type}" + ("; required" if field.required else "")
    if field.limits:
        yield f"* Limits: {', '.join(_code(limit) for limit in field.limits)}"
    if field.default:
        yield f"* Default: `{field.default}`"
    refers = next((item for item in (field, *field.items) if item.refers), None)
    if refers:
        where = "" if refers is field else f" in `{refers.path}`"
        yield f"* Points at{where}: [{refers.refers}]({refers.refers}.md)"
    if field.secret:
        yield "* May be secret: [`{fromEnv: NAME}` or another source](secrets.md)"
    yield f"* Changing it: {field.means}"
    if field.removal:
        yield f"* Removing it from the manifest: {field.removal}"
    yield f"* In the API: {field.api}"
    if field.items:
        yield from ("", "| Inside | Type | Limits | What it is |", "| --- | --- | --- | --- |")
    for item in field.items:
        needed = "; required" if item.required else ""
        limits = ", ".join(_code(limit) for limit in item.limits)
        yield f"| `{item.path}` | {_cell(item.type)}{needed} | {_cell(limits)} | {_cell(item.doc)} |"


def _default(field: FieldExplained | PartExplained) -> str:
    if field.required:
        return "required"
    return f"`{field.default}`" if field.default else ""


def _code(limit: str) -> str:
    """A limit with its pattern in code marks."""
    before, found, pattern = limit.partition("matches ")
    return f"{before}{found}`{pattern}`" if found else limit


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    write_pages(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/reference"))
