"""The forms of pointers to secrets: one list, from which schemas, pages, places and loader follow."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from manifest_files import manifest, one, project_file, write
from quick_yaml import read_yaml

from novita_infra.kinds import KINDS
from novita_infra.manifests.project.loading import load
from novita_infra.manifests.secrets.answers import source_of
from novita_infra.schema.explain_kinds import explain_kind
from novita_infra.schema.public_places import ANYWHERE
from novita_infra.schema.secret_pointers import SECRET_POINTERS, SecretPointer, is_pointer
from novita_infra.views.content.explanation import field_facts

EACH = pytest.mark.parametrize("form", SECRET_POINTERS.values(), ids=lambda form: form.key)
PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "secrets.md").read_text(encoding="utf-8")


@EACH
def test_the_example_of_each_secret_source_is_loaded(form: SecretPointer, tmp_path: Path) -> None:
    assert is_pointer(read_yaml(form.example))
    auth = manifest("RegistryAuth", "hub", f"  username: me\n  password: {form.example}\n")
    files = {"novita-infra.yaml": project_file("secretCommands: [op]\n"), "a.yaml": auth}
    files |= {
        "secrets/password": "x",
        ".env": "REGISTRY_PASSWORD=x",
        "secrets.enc.yaml": "registry: ENC[AES256_GCM,data:x]\nsops: {version: 3.9.0}\n",
    }
    project = load(write(tmp_path, files), environ={"REGISTRY_PASSWORD": "x"}, lenient=True)
    assert [item.unasked for item in project.warnings] == [True] * form.asked
    assert ("password" in one(project, "registry_auth.hub").spec) != form.asked


@EACH
def test_each_secret_source_has_a_reader_a_place_and_a_part_of_the_page(form: SecretPointer) -> None:
    source = source_of(form.key)
    assert (source.read is None, source.ask is not None) == (form.asked, form.asked)
    assert ANYWHERE[form.key] is not None
    assert f"## {form.key}\n" in PAGE
    assert form.example in PAGE
    assert set(form.schema.get("properties", {})) <= set(re.findall(r"^\| `(\w+)`", PAGE, re.MULTILINE))


def test_explain_names_every_secret_source() -> None:
    password = next(item for item in explain_kind(KINDS["registry_auth"]).fields if item.path == "password")
    assert all(key in dict(field_facts(password))["secret"] for key in SECRET_POINTERS)
