"""The scanner of secret places: what it masks and what it shows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novita_infra.manifests.yaml.excerpts import PublicText


def shown(text: str) -> str:
    """The text as excerpts show it."""
    public = PublicText(text)
    lines = [public.line(number, column=0) for number in range(text.count("\n") + 1)]
    return "\n".join(item[0] for item in lines if item is not None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("kind: Instance  # of the hub", "kind: Instance  # of the hub"),
        ("spec:\n  image: a:1\n  gpuCount: 2", "spec:\n  image: a:1\n  gpuCount: 2"),
        ("spec:\n  image: https://u:pw1@hub/a:1", "spec:\n  image: https://u:********@hub/a:1"),
        ('spec:\n  gpuCount: "--token pw1"', 'spec:\n  gpuCount: "--token ********"'),
        ("variables:\n  t: {secret: true}", "variables:\n  t: {secret: true}"),
        ("variables:\n  t: {secret: pw1}", "variables:\n  t: {secret: ********}"),
        ("metadata: {labels: {team: a, apiToken: b}}", "metadata: {labels: {team: a, apiToken: ********}}"),
        ("spec:\n  imgae: a:1", "spec:\n  imgae: ********"),
        ("spec:\n  password: a #b", "spec:\n  password: ********"),
        ("spec:\n  password: {fromEnv: HUB}", "spec:\n  password: {fromEnv: HUB}"),
        (
            "spec:\n  password: {fromDotenv: {file: a/.env, name: HUB}}",
            "spec:\n  password: {fromDotenv: {file: a/.env, name: HUB}}",
        ),
        (
            "spec:\n  password: {fromCommand: [op, read, x]}",
            "spec:\n  password: {fromCommand: [op, ********, ********]}",
        ),
        (
            "spec:\n  password:\n    fromCommand:\n    - op\n    - read",
            "spec:\n  password:\n    fromCommand:\n    - op\n    - ********",
        ),
        ("spec:\n  password: ${env.HUB}", "spec:\n  password: ${env.HUB}"),
        ("spec:\n  password: a${env.HUB}b", "spec:\n  password: ********${env.HUB}********"),
        ("spec:\n  password:\n    - a\n    b: c", "spec:\n  password:\n    - ********\n    ********: ********"),
        ("spec:\n  env:\n    A: b\n    C: ${var.d}", "spec:\n  env:\n    A: ********\n    C: ${var.d}"),
        ("spec:\n  env: {A: b, 'C': \"d\"}", "spec:\n  env: {A: ********, 'C': ********}"),
        ("spec:\n  command: |\n    a\n  image: b", "spec:\n  command: ********\n    ********\n  image: b"),
        ("spec:\n  registryAuth: hub", "spec:\n  registryAuth: hub"),
        ("spec:\n  registryAuth: 'u:p'", "spec:\n  registryAuth: ********"),
        ("spec:\n  networkStorages:\n  - storage: data\n    mountPath: /d", None),
        ("spec: {ports: [22/tcp], power: running}", None),
        ('{"spec": {"image": "a", "env": {"A": "b"}}}', '{"spec": {"image": "a", "env": {"A": ********}}}'),
        ("lifecycle:\n  onDrift: {edited: adopt}\n  dependsOn: [vpc.net]", None),
        ("metadata: {name: a, labels: {team: b}}", None),
        ("outputs: {id: '${vpc.net.id}', x: y}", "outputs: {id: '${vpc.net.id}', x: ********}"),
        ("variables:\n  a: {default: b}", None),
        ("inputs:\n  c: {default: d, secret: true}", "inputs:\n  c: {default: ********, secret: true}"),
        ("spec:\n  source: ~/x y\n  inputs: {a: 1}", "spec:\n  source: ~/x y\n  inputs: {a: ********}"),
        (
            "spec: {inputs: {token: x}}\nspec: {inputs: {token: x}}",
            "\n".join(["spec: {inputs: {token: ********}}"] * 2),
        ),
        ("spec:\n  source: 'git::https://me:pass/word@h/x@y'", "spec:\n  source: 'git::https://********@y'"),
        ("spec:\n  source: git::ssh://git@h/x?ref=v1", "spec:\n  source: git::ssh://git@h/x?ref=v1"),
        ("spec:\n  source: git@h:x", "spec:\n  source: git@h:x"),
        ("variables:\n  c: {default: d, secret: true}", "variables:\n  c: {default: ********, secret: true}"),
        ("# password: a\nkind: VPC", "# ********\nkind: VPC"),
    ],
)
def test_an_excerpt_shows_public_places_only(text: str, expected: str | None) -> None:
    assert shown(text) == (text if expected is None else expected)


@given(st.text(st.sampled_from("ab:-# \n\"'{}[],&*!|>$?\t"), max_size=60))
def test_any_text_is_scanned_and_keeps_its_lines(text: str) -> None:
    assert shown(text).count("\n") == text.count("\n")
