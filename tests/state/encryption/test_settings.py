"""The settings under `state.encryption`, and the errors that the schema cannot express."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from novita_infra.schema.resources import project_schema
from novita_infra.state.encryption.settings import Encryption, encryption_of
from novita_infra.state.encryption.wrapping import AgeWrapping, CommandWrapping, PassphraseWrapping
from novita_infra.state.registry import setting_errors
from novita_infra.state.settings import StateSettings

POINTER = {"fromEnv": "KEY"}


@pytest.mark.parametrize(
    ("given", "encryption"),
    [
        (None, Encryption()),
        (
            {"passphrase": "x", "required": True},
            Encryption(
                PassphraseWrapping("x", "state.encryption.passphrase"),
                (PassphraseWrapping("x", "state.encryption.passphrase"),),
                required=True,
            ),
        ),
        (
            {"age": ["age1x"], "identity": "y", "fallback": {"command": ["/kms", "k"]}},
            Encryption(
                AgeWrapping(("age1x",), "y", "state.encryption.identity"),
                (
                    AgeWrapping(("age1x",), "y", "state.encryption.identity"),
                    CommandWrapping(("/kms", "k"), Path("/p"), "state.encryption.fallback.command"),
                ),
            ),
        ),
        (
            {"fallback": {"identity": "y"}},
            Encryption(None, (AgeWrapping((), "y", "state.encryption.fallback.identity"),)),
        ),
    ],
)
def test_the_settings_name_what_wraps_and_unwraps_keys(given: Any, encryption: Encryption) -> None:
    assert encryption_of(StateSettings(Path("/p"), {"encryption": given})) == encryption


def errors(**given: Any) -> list[tuple[str, str]]:
    return [(error.name, error.summary) for error in setting_errors({"encryption": given})]


def test_a_key_in_clear_is_refused_and_not_shown() -> None:
    clear = "stands in clear in the project file"
    assert errors(passphrase="hunter2") == [("encryption.passphrase", clear)]
    found = errors(age=["age1x"], identity="AGE-SECRET-KEY-1", fallback={"passphrase": "hunter2"})
    assert found == [("encryption.identity", clear), ("encryption.fallback.passphrase", clear)]


@pytest.mark.parametrize(
    ("given", "name", "summary"),
    [
        ({}, "encryption", "names no key"),
        ({"required": True, "fallback": {"passphrase": POINTER}}, "encryption", "names no key"),
        ({"passphrase": POINTER, "age": ["age1x"]}, "encryption", "names more than one key: passphrase and age"),
        ({"passphrase": POINTER, "fallback": {}}, "encryption.fallback", "names no key"),
        (
            {"identity": POINTER, "fallback": {"passphrase": POINTER}},
            "encryption.identity",
            "reads what is written for recipients",
        ),
    ],
)
def test_settings_that_name_no_key_or_several_are_refused(given: dict[str, Any], name: str, summary: str) -> None:
    assert errors(**given) == [(name, summary)]


@pytest.mark.parametrize(
    ("given", "valid"),
    [
        ({"passphrase": POINTER}, True),
        ({"passphrase": "hunter2"}, False),
        ({"age": ["age1x", "ssh-ed25519 AAAA"], "identity": {"fromFile": "key"}, "required": True}, True),
        ({"age": ["hunter2"]}, False),
        ({"age": []}, False),
        ({"command": ["./kms"], "fallback": {"passphrase": POINTER}}, True),
        ({"command": "./kms"}, False),
        ({"passphrase": POINTER, "fallback": {"passphrase": POINTER, "fallback": {}}}, False),
        ({"passphrase": POINTER, "requried": True}, False),
    ],
)
def test_the_schema_of_the_project_file_accepts_exactly_these_settings(given: dict[str, Any], valid: bool) -> None:
    document = {"apiVersion": "novita-infra/v1", "kind": "Project", "metadata": {"name": "p"}}
    document["state"] = {"encryption": given}
    assert jsonschema.Draft202012Validator(project_schema()).is_valid(document) is valid
