"""Credentials in free text are known by what stands around them, in linear time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novita_infra.api.credentials import credentials_in, credentials_in_all, secrets_in, without_credentials


@pytest.mark.parametrize(
    "text",
    [
        "run --token hunter2x --mode train",
        "run --registry-password 'hunter2x' x",
        "run --api-key=hunter2x",
        "HF_TOKEN=hunter2x python train.py",
        "curl -u ada:hunter2x https://hub",
        "git clone https://ada:hunter2x@hub/x",
        "curl -H 'Authorization: Bearer hunter2x'",
        '{"password": "hunter2x"}',
    ],
)
def test_a_credential_in_a_command_is_found_and_replaced(text: str) -> None:
    assert "hunter2x" in list(credentials_in(text))
    assert "hunter2x" not in without_credentials(text)
    assert "hunter2x" in secrets_in({"command": text})


@pytest.mark.parametrize(
    "text",
    [
        "run --tokenizer llama --max-tokens 512",
        "run --max-token 512000",
        "run --key-file /etc/key.pem",
        "echo --token $HF_TOKEN",
        "the secret of the house",
    ],
)
def test_what_only_resembles_a_credential_is_not_looked_for_in_other_texts(text: str) -> None:
    assert list(credentials_in(text)) == []


WORDS = [
    *("--token", "-u", "bearer", "TO\u212aEN=", "KEY:", "sk-hunter2hunter2hunter2"),
    *("hunter2x", "ada:hunter2", "https://a:hunter2@b", "x", "é"),
]


@given(st.lists(st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join), max_size=4))
def test_many_texts_have_the_credentials_of_each(texts: list[str]) -> None:
    assert list(credentials_in_all(texts)) == [found for text in texts for found in credentials_in(text)]


@pytest.mark.parametrize(
    "part", ["token", "token=", "--token ", "-u a:", "x://a:", "sk-", "key ", "bearer ", "a", "-", " "]
)
def test_a_long_text_takes_linear_time(part: str) -> None:
    text = part * (65_536 // len(part))
    began = time.process_time()
    without_credentials(text)
    list(credentials_in(text))
    assert time.process_time() - began < 2
