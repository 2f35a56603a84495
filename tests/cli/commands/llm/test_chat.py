"""`chat`, `complete`, `embed` and `rerank`: of a model and of an endpoint, in text and JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from click.testing import Result

Invoke = Callable[..., Result]
LLAMA = "meta-llama/llama-3.1-8b-instruct"


def test_the_answer_of_a_model_is_shown_with_its_tokens_and_their_cost(run: Invoke) -> None:
    whole = json.loads(run("chat", LLAMA, "Hello", "--sim", "--json").stdout)
    shown = run("chat", LLAMA, "Hello", "--sim")
    assert shown.exit_code == 0, shown.output
    assert shown.stdout == f"{whole['text']}\n"
    assert shown.stderr == f"{whole['tokens_sent']} tokens sent, {whole['tokens_made']} made: ${whole['cost']}\n"
    assert run("chat", LLAMA, "Hello", "--sim", "--no-stream").stdout == shown.stdout
    listed = json.loads(run("models", LLAMA, "--sim", "--json").stdout)
    price = whole["tokens_sent"] * Fraction(listed["input"]) + whole["tokens_made"] * Fraction(listed["output"])
    assert Fraction(whole["cost"]) == price / 1_000_000
    assert whole["answer"]["choices"][0]["message"]["content"] == whole["text"]
    assert (whole["model"], whole["finish"]) == (LLAMA, "stop")


def test_the_most_tokens_and_the_system_prompt_are_sent(run: Invoke) -> None:
    cut = run("chat", LLAMA, "Hello", "--max-tokens", "3", "--sim")
    assert "3 made" in cut.stderr
    assert "The answer has the most tokens that were asked for" in cut.stderr
    plain = json.loads(run("chat", LLAMA, "Hello", "--sim", "--json").stdout)
    told = json.loads(run("chat", LLAMA, "Hello", "--system", "Be short.", "--sim", "--json").stdout)
    assert told["tokens_sent"] > plain["tokens_sent"]


def test_the_prompt_is_a_word_a_file_or_stdin(run: Invoke, piped: Invoke, project: Path) -> None:
    (project / "prompt.txt").write_text("Hello")
    asked = [run("chat", LLAMA, "Hello", "--sim"), run("chat", LLAMA, "--file", "prompt.txt", "--sim")]
    asked += [piped("Hello", "chat", LLAMA, "--sim"), piped("Hello", "chat", LLAMA, "-", "--sim")]
    assert len({one.stdout for one in asked}) == 1, [one.output for one in asked]
    twice = run("chat", LLAMA, "Hello", "--file", "prompt.txt", "--sim")
    assert twice.stderr == "error: the prompt is given twice; give it as a word, or with --file\n"
    assert piped("  \n", "chat", LLAMA, "--sim").stderr == "error: the prompt is empty\n"
    assert "nowhere.txt cannot be read" in run("chat", LLAMA, "--file", "nowhere.txt", "--sim").stderr


def test_an_endpoint_is_asked_at_its_address(run: Invoke, endpoint: Path) -> None:
    shown = run("chat", "endpoint.api", "Hello", "--sim")
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.endswith(".\n")
    assert "$" not in shown.stderr
    whole = json.loads(run("chat", "endpoint.api", "Hello", "--model", "mine", "--sim", "--json").stdout)
    assert (whole["model"], whole["cost"]) == ("mine", None)
    id = run("ps", "--sim", "--query", "[0].id").stdout.strip()
    assert run("complete", id, "Once", "--sim").exit_code == 0
    assert json.loads(run("embed", "endpoint.api", "a", "--sim", "--json").stdout)["rows"][0]["dimensions"] == 1024
    refused = run("rerank", "endpoint.api", "query", "a", "--sim")
    assert (refused.exit_code, "Not Found" in refused.stderr) == (1, True)


def test_the_token_of_a_program_is_in_a_variable_and_never_shown(
    run: Invoke, endpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unset = run("chat", "endpoint.api", "Hello", "--token-env", "VLLM_KEY", "--sim")
    assert "the environment variable VLLM_KEY holds no key" in unset.stderr
    monkeypatch.setenv("VLLM_KEY", "token-of-the-program")
    monkeypatch.setenv("NOVITA_INFRA_LOG", "debug")
    shown = run("chat", "endpoint.api", "token-of-the-program?", "--token-env", "VLLM_KEY", "--sim")
    assert shown.exit_code == 0
    assert "token-of-the-program" not in shown.output
    refused = run("chat", LLAMA, "Hello", "--token-env", "VLLM_KEY", "--sim")
    assert "--model and --token-env are for the program of an endpoint or instance" in refused.stderr


def test_a_model_or_an_object_that_is_not_there_is_named(run: Invoke, endpoint: Path) -> None:
    refused = run("chat", "vendor/nothing", "Hello", "--sim")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "MODEL_NOT_FOUND" in refused.stderr
    refused = run("chat", "endpoint.nothing", "Hello", "--sim")
    assert refused.exit_code == 1
    assert "no object of this project is recorded as endpoint.nothing" in refused.stderr
    refused = run("chat", "nothing", "Hello", "--sim")
    assert "neither an address nor an id" in refused.stderr
    assert "`novita-infra models` lists the models" in refused.stderr


@pytest.mark.parametrize("word", ["llama-3.1-8b-instruct", "LLama3.1-8b-instruct"])
def test_a_model_without_its_vendor_is_named_with_it(run: Invoke, project: Path, word: str) -> None:
    refused = run("chat", word, "Hello", "--sim")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert 'did you mean the model "meta-llama/llama-3.1-8b-instruct"?; `novita-infra models`' in refused.stderr


def test_a_model_that_the_policy_of_the_key_excludes_is_no_wrong_key(run: Invoke, project: Path) -> None:
    keys = json.loads(run("keys", "--sim", "--json").stdout)
    for key in keys:
        assert run("keys", key["id"], "--exclude", LLAMA, "--auto-approve", "--sim").exit_code == 0
    refused = run("chat", LLAMA, "Hello", "--sim")
    assert refused.exit_code == 1
    assert "`novita-infra keys KEY` shows and changes the policy" in refused.stderr
    assert "check NOVITA_API_KEY" not in refused.stderr


def test_vectors_are_shown_short_and_whole(run: Invoke, project: Path) -> None:
    head, first, second = run("embed", "baai/bge-m3", "a", "b", "--dimensions", "6", "--sim").stdout.splitlines()
    assert head.split() == ["TEXT", "DIMENSIONS", "VECTOR"]
    assert first.split()[:2] == ["0", "6"]
    assert second.endswith(", ...")
    (project / "texts.txt").write_text("a\n\nb\n")
    data = json.loads(run("embed", "baai/bge-m3", "--file", "texts.txt", "--dimensions", "6", "--sim", "--json").stdout)
    assert [len(row["vector"]) for row in data["rows"]] == [6, 6]
    assert (data["tokens"], data["model"]) == (2, "baai/bge-m3")
    assert Fraction(data["cost"]) > 0


def test_documents_are_ordered(run: Invoke) -> None:
    words = ("rerank", "baai/bge-reranker-v2-m3", "red fox", "the sea", "a red fox", "--sim")
    assert [line.split(maxsplit=1)[1] for line in run(*words).stdout.splitlines()] == [
        "DOCUMENT",
        "a red fox",
        "the sea",
    ]
    (best,) = json.loads(run(*words, "--top", "1", "--json").stdout)
    assert (best["index"], best["document"]) == (1, "a red fox")
