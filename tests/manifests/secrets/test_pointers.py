"""Pointers to secrets of any shape: a message or a question, and never another error."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from manifest_files import INSTANCE, loaded, manifest, one, project_file
from quick_yaml import yaml_of

from novita_infra.manifests.language.secrets import Secrets, lacking_secret
from novita_infra.model.addresses import Address, Origin
from novita_infra.model.diagnostics import Diagnostic, Problems
from novita_infra.model.values import Ref, Secret
from novita_infra.schema.secret_pointers import SECRET_POINTERS

PLACE = Origin("a.yaml", 1, 1)
WORDS = st.sampled_from(
    ["", "a", "A", "..", "/", "a/../b", ".", "\0", "\n", "é", "-", "--x", "a.b.0", "x" * 5000, "#", "%2e"]
)
OPAQUE = st.sampled_from([Secret("s", "env:S"), Ref(Address("vpc", "v"))])
LEAVES = WORDS | OPAQUE | st.none() | st.booleans() | st.integers() | st.floats()
PARTS = st.sampled_from(["file", "name", "path", "mount", "field", "service", "fromEnv", ""])
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PARTS, inner, max_size=4), max_leaves=6
)
KEYS = st.sampled_from([*SECRET_POINTERS, "fromNowhere"])


@given(pointer=st.dictionaries(KEYS, VALUES, min_size=1, max_size=2), judged=st.booleans(), offline=st.booleans())
def test_a_pointer_of_any_shape_gives_a_secret_or_a_message(
    pointer: dict[str, Any], judged: bool, offline: bool
) -> None:
    secrets = Secrets(Path("/nowhere"), {"A": "value", "HOME": "/nowhere"}, programs=["a"], offline=offline)
    found = secrets.take(pointer, PLACE, judged=judged)
    match found:
        case Secret():
            assert found == lacking_secret() or (found.value, found.source) == ("value", "env:A")
        case Diagnostic():
            assert found.origin == PLACE
            assert found.unasked == (found.unset in secrets.unasked)
            assert "\0" not in str(found)


@given(key=KEYS, value=st.recursive(WORDS, lambda inner: st.lists(inner, max_size=3), max_leaves=4))
def test_a_pointer_in_a_manifest_is_loaded_or_explained(
    key: str, value: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    project = project_file(yaml_of({"variables": {"v": {"sensitive": True, "default": {key: value}}}}))
    env = yaml_of({"env": {"A": {key: value}, "B": "${var.v}"}})
    spec = INSTANCE + "".join(f"  {line}\n" for line in env.splitlines())
    files = {"novita-infra.yaml": project, "a.yaml": manifest("Instance", "a", spec)}
    with contextlib.suppress(Problems):
        loaded(tmp_path_factory.mktemp("project"), files, environ={"A": "value"})


def test_a_pointer_takes_expressions_that_are_known_and_public(tmp_path: Path) -> None:
    project = project_file("variables: {name: {default: TOKEN}, token: {sensitive: true, default: '${env.TOKEN}'}}\n")
    env = "  env: {A: {fromEnv: '${var.name}'}}\n"
    files = {"novita-infra.yaml": project, "a.yaml": manifest("Instance", "a", INSTANCE + env)}
    assert one(loaded(tmp_path, files, environ={"TOKEN": "t"}), "instance.a").spec["env"]["A"] == Secret(
        "t", "env:TOKEN"
    )
    for text in ("${var.token}", "${vpc.net.id}"):
        net = manifest("VPC", "net", "  cluster: us-dallas-nas-2\n")
        files["a.yaml"] = manifest("Instance", "a", INSTANCE + env.replace("${var.name}", text)) + net
        with pytest.raises(Problems) as caught:
            loaded(tmp_path, files, environ={"TOKEN": "t"})
        (message,) = map(str, caught.value.diagnostics)
        words = "no part of this may be secret or known only after apply; write {fromEnv: NAME}"
        assert message == f"a.yaml:8:12: {words}"
