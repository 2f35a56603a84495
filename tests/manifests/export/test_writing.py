from __future__ import annotations

from typing import Any

import pytest

from novita_infra.kinds import KINDS
from novita_infra.manifests.export.drafts import Draft
from novita_infra.manifests.export.writing import draft_of
from novita_infra.model.addresses import Address
from novita_infra.model.resources import Live, Phase


def draft(**values: Any) -> Draft:
    whole = {"product": {"id": "p"}, "image": "ubuntu:22.04", **values}
    live = Live("id", "a", Phase.READY, "running", whole)
    return draft_of(
        KINDS["instance"],
        Address("instance", "a"),
        live,
        owner=lambda *_: "",
        redacted=lambda text: text.replace("known-secret", "(secret)"),
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("HF_TOKEN", "x"),
        ("PGPASSWORD", "x"),
        ("DB_PASS", "x"),
        ("MYSQL_PWD", "x"),
        ("WANDB_API_KEY", "x"),
        ("SENTRY_DSN", "x"),
        ("SLACK_WEBHOOK", "https://hooks.slack.com/x"),
        ("A", "redis://:abc@host:6379"),
        ("A", "postgres://u:abc@db/x"),
        ("A", "9f8e7d6c5b4a39281706f5e4d3c2b1a0"),
        ("A", "550e8400-e29b-41d4-a716-446655440000"),
        ("A", "-----BEGIN PRIVATE KEY-----\nx"),
        ("A", '{"private_key": "abc"}'),
        ("A", "Bearer abcdefgh"),
        ("A", "AccountKey=abc=="),
        ("A", "the known-secret of the project"),
    ],
)
def test_a_variable_that_may_be_secret_is_ignored_and_not_written(name: str, text: str) -> None:
    made = draft(env={name: text, "MODE": "fast"})
    assert made.spec["env"] == {"MODE": "fast"}
    assert list(made.ignored) == [f"env.{name}"]
    assert text not in made.text(schema=False)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("MODE", "fast"),
        ("HF_TOKEN", ""),
        ("MODEL", "meta-llama/Meta-Llama-3-8B-Instruct"),
        ("EPOCHS", "3"),
        ("URL", "https://example.com/a?b=c"),
        ("PATH_OF_DATA", "/workspace/data/imagenet/train"),
        ("SEED", "12345678901234567890"),
    ],
)
def test_a_variable_that_is_public_is_written(name: str, text: str) -> None:
    assert draft(env={name: text}).spec["env"] == {name: text}


@pytest.mark.parametrize("image", ["hub.io/token:1.2.345", "hub.io/x@sha256:" + "0123456789abcdef" * 4])
def test_the_name_of_an_image_is_no_secret(image: str) -> None:
    assert draft(image=image).spec["image"] == image


def test_a_draft_leaves_out_a_field_and_then_takes_substitutes_until_none_is_left() -> None:
    made = draft(image="https://u:abc@hub.io/x")
    assert made.left_out.keys() == {"image"}
    images = []
    for _ in range(3):
        made = made.without("image", reason="because")
        images.append(made.spec["image"])
    assert images[:2] == ["https://u:(secret)@hub.io/x", "unknown"]
    assert made.ignored == {"image": "its value may be secret, so it is not written here"}
