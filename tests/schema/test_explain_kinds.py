"""Explanations of kinds and fields: one wording everywhere, and the nearest known name for an unknown one."""

from __future__ import annotations

from typing import Any

import pytest
from crash_cases import EDITS
from edits import Edit, Fate

from novita_infra.kinds import KINDS
from novita_infra.kinds.field import Local
from novita_infra.kinds.kind import Kind
from novita_infra.model.diagnostics import Problems
from novita_infra.schema import reference_pages as reference
from novita_infra.schema.explain_kinds import (
    FieldExplained,
    KindExplained,
    describe_means,
    explain_field,
    explain_kind,
    explain_path,
)

ALL = tuple(KINDS.values())
FIELDS = [(kind, item.name) for kind in ALL for item in kind.fields]


def field(path: str) -> FieldExplained:
    kind, _, rest = path.partition(".")
    return explain_field(KINDS[kind], rest)


def test_a_kind_or_a_field_is_explained() -> None:
    assert explain_path(KINDS["vpc"]) == explain_kind(KINDS["vpc"])
    assert explain_path(KINDS["vpc"], "name") == explain_field(KINDS["vpc"], "name")


def test_a_kind_tells_its_frame() -> None:
    explained = explain_kind(KINDS["registry_auth"])
    assert (explained.name, explained.type) == ("RegistryAuth", "registry_auth")
    assert [item.path for item in explained.fields] == ["name", "username", "password"]
    assert explained.outputs == {"id": "the service's id"}
    assert explained.timeouts == {"create": "1m", "update": "1m", "delete": "10m"}
    assert explained.deletion == "the credential is removed; refused while something uses it"
    assert explained.replacement == "the new object is created before the old one is deleted"
    assert (explained.mark_place, explain_kind(KINDS["template"]).mark_place) == (
        "",
        "a comment at the end of its `readme`",
    )


def test_a_field_tells_all_that_is_known_of_it() -> None:
    assert field("network_storage.sizeGb") == FieldExplained(
        path="sizeGb",
        doc="Size in GB, at least 10; the upper limit depends on the account.",
        type="whole number",
        required=True,
        default="",
        limits=("at least 10",),
        secret=False,
        refers="",
        means=(
            "growing: update: renamed or grown in place, data is kept; shrinking: refused: "
            "a storage cannot shrink; keep the size, or create a smaller one beside it and copy the data"
        ),
        removal="",
        api="storageSize (gpu-instance-create-network-storage)",
    )


@pytest.mark.parametrize(
    ("path", "removal"),
    [
        ("instance.gpuCount", "returns to 1"),
        ("instance.env", "returns to nothing"),
        ("instance.autoRenew.months", ""),
        ("instance.product", ""),
        ("instance.keepData", ""),
    ],
)
def test_explain_shows_the_effect_of_removing_a_field(path: str, removal: str) -> None:
    assert field(path).removal == removal


REMOVED = [
    (edit, edit.fields[0])
    for edit in EDITS
    if len(edit.fields) == 1 and edit.fields[0] in edit.before and edit.fields[0] not in edit.after
    if not isinstance(KINDS[edit.kind].field(edit.fields[0]).change, Local) and "template" not in edit.after
]
"""The edits that remove a field that is the object's own and that no template gives."""


@pytest.mark.parametrize(("edit", "name"), REMOVED, ids=[edit.id for edit, _ in REMOVED])
def test_explain_agrees_with_the_edits_about_the_removal_of_a_field(edit: Edit, name: str) -> None:
    removal = field(f"{edit.kind}.{name}").removal
    if edit.fate in {Fate.LEFT, Fate.FOUND}:
        assert removal.startswith("remains ") or removal == f"returns to {edit.before[name]}"
    elif edit.fate in {Fate.CHANGED, Fate.REPLACED}:
        assert removal.startswith("returns ")


@pytest.mark.parametrize(
    ("path", "type_", "limits"),
    [
        ("vpc.name", "text", ("1 to 30 characters",)),
        ("endpoint.workers.min", "whole number", ("at least 0",)),
        ("endpoint.scaling.type", "one of queue, concurrency", ()),
        (
            "endpoint.product",
            "{gpu, id, choose, minGpuMemoryGb, maxPricePerHour, region}",
            ("one of gpu, id; or minGpuMemoryGb, maxPricePerHour, region",),
        ),
        ("endpoint.ports", "list of text", ("exactly 1 item", "each: matches ^[1-9][0-9]{0,4}/http$")),
        (
            "endpoint.env",
            "map of text",
            ("at most 100 keys", "each name: 1 to 511 characters", "each: at most 4095 characters"),
        ),
        ("endpoint.registryAuth", "text or {id}", ()),
        ("endpoint.networkStorages", "list of {storage, mountPath}", ("at most 30 items",)),
        ("instance.gpuCount", "whole number", ("1 to 8",)),
        ("instance.keepData", "true or false", ()),
    ],
)
def test_types_and_limits_are_in_a_persons_words(path: str, type_: str, limits: Any) -> None:
    assert (field(path).type, field(path).limits) == (type_, limits)


@pytest.mark.parametrize(
    ("path", "default"),
    [
        ("endpoint.gpuCount", "1"),
        ("endpoint.rootDiskGb", "100"),
        ("endpoint.env", ""),
        ("instance.billingMode", "onDemand"),
        ("instance.autoRenew", '{"enabled": false}'),
        ("network_storage.cluster", ""),
    ],
)
def test_defaults_are_shown_as_a_manifest_has_them(path: str, default: str) -> None:
    assert field(path).default == default


def test_a_part_of_a_field_has_its_own_doc_and_the_cost_of_the_field() -> None:
    inside = field("endpoint.networkStorages.storage")
    assert (inside.path, inside.required, inside.refers) == ("networkStorages.storage", True, "network_storage")
    assert inside.means == field("endpoint.networkStorages").means
    assert field("endpoint.networkStorages").refers == ""
    assert field("endpoint.registryAuth").refers == "registry_auth"
    assert field("endpoint.workers.idleTimeout").doc.startswith("Seconds without a request")


def test_secrets_are_marked() -> None:
    assert field("registry_auth.password").secret
    assert field("endpoint.env").secret
    assert not field("endpoint.image").secret


def test_a_choice_is_explained_for_each_transition() -> None:
    explained = describe_means(KINDS["instance"], KINDS["instance"].field("billingMode"))
    assert explained.startswith("onDemand to monthly: convert: ")
    assert "; monthly to onDemand: refused: " in explained
    assert "; otherwise: forces replacement: " in explained


def test_a_field_of_the_manifests_alone_has_no_call() -> None:
    assert field("instance.keepData").means.startswith("no call of its own")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("vpc.nmae", 'VPC has no field "nmae"; did you mean "name"?'),
        ("endpoint.workers.mim", 'Endpoint.workers has no field "mim"; did you mean "min"?'),
        ("endpoint.image.tag", 'Endpoint.image has no field "tag"'),
        ("vpc.name.", 'VPC.name has no field ""'),
    ],
)
def test_an_unknown_field_is_refused_with_the_nearest(path: str, message: str) -> None:
    with pytest.raises(Problems) as caught:
        field(path)
    assert str(caught.value) == message


@pytest.mark.parametrize(("kind", "name"), FIELDS, ids=[f"{kind.name}.{name}" for kind, name in FIELDS])
def test_every_field_has_all_its_facts(kind: Kind, name: str) -> None:
    explained = explain_field(kind, name)
    assert all((explained.doc, explained.type, explained.means, explained.api))
    assert "any value" not in explained.type
    page = reference.pages()[f"{kind.type}.md"]
    assert f"### {name}\n" in page
    assert f"* Changing it: {explained.means}\n" in page
    assert f"* In the API: {explained.api}\n" in page


def test_a_page_shows_the_example_the_outputs_and_the_waits() -> None:
    page = reference.pages()["endpoint.md"]
    assert KINDS["endpoint"].example in page
    assert "| `${endpoint.NAME.url}` | the base of the HTTP service |" in page
    assert "create 30m, update 30m, delete 15m." in page


def test_the_index_names_every_kind() -> None:
    index = reference.pages()["index.md"]
    explained = [explain_path(kind) for kind in ALL]
    assert all(isinstance(item, KindExplained) and f"[{item.name}]({item.type}.md)" in index for item in explained)
