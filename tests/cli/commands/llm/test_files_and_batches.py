"""`files` and `batches`: an input is checked, uploaded once, answered, and joined with its results."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from novita_infra.cli.commands.llm.files.reading import show_content
from novita_infra.simulator import open_world
from novita_infra.simulator.world.engine.settings import Timings

Invoke = Callable[..., Result]
MODEL = "meta-llama/llama-3.3-70b-instruct"
WORDS = ["What is a river?", "And a road?", "And a window?"]


def lines(*bodies: Any) -> str:
    return "".join(json.dumps({"custom_id": f"r{number}", "body": body}) + "\n" for number, body in enumerate(bodies))


def ask(text: str, **changes: Any) -> dict[str, Any]:
    return {"model": MODEL, "messages": [{"role": "user", "content": text}], "max_tokens": 50} | changes


@pytest.fixture
def prompts(project: Path) -> Path:
    path = project / "prompts.jsonl"
    path.write_text(lines(*map(ask, WORDS)))
    return path


def uploaded(run: Invoke, *words: str) -> dict[str, Any]:
    result = run("files", "upload", "prompts.jsonl", "--sim", "--json", *words)
    assert result.exit_code == 0, result.output
    data: dict[str, Any] = json.loads(result.stdout)
    return data


def begun(run: Invoke, file: str) -> str:
    """The id of a batch over the file."""
    data = json.dumps({"input_file_id": file, "endpoint": "/v1/chat/completions"})
    answer = run("api", "POST", "/openai/v1/batches", "--data", data, "--sim", "--json")
    assert answer.exit_code == 0, answer.output
    return str(json.loads(answer.stdout)["id"])


def later(project: Path, seconds: float, **timings: Any) -> None:
    """Lets time pass in the account."""
    path, most = project / ".novita-infra" / "sim.db", time.time() + seconds
    world = open_world(path, now=lambda: most, timings=Timings(**timings))
    world.advance()
    for payment in world.payments:
        world.payments.touch(payment)
    world.save()
    world.close()


def test_a_batch_of_a_project_is_named_by_its_address(run: Invoke, project: Path) -> None:
    (project / "main.yaml").write_text(
        "apiVersion: novita-infra/v1\nkind: Batch\nmetadata: {name: it}\n"
        f"spec: {{model: {MODEL}, input: {{rows: [{{a: b}}], template: {{messages: [], max_tokens: 5}}}}}}\n"
    )
    applied = run("apply", "--sim", "--auto-approve")
    assert applied.exit_code == 1, applied.output  # no messages: the request fails
    facts = json.loads(run("batches", "get", "batch.it", "--sim", "--json").stdout)
    assert facts["failed"] == 1
    results = run("batches", "results", "batch.it", "--into", "it.jsonl", "--sim")
    assert results.exit_code == 1
    assert "1 failed, the commonest errors:\n  1 x INVALID_REQUEST_BODY: " in results.stdout
    (row,) = json.loads(run("batches", "cancel", "batch.*", "--sim", "--json").stdout)
    assert (row["id"], row["cancelled"]) == (facts["id"], False)
    for words in (["get", "batch.other"], ["results", "batch.other"], ["cancel", "batch.other"]):
        refused = run("batches", *words, "--sim")
        assert (refused.exit_code, "no object of this project is recorded as batch.other" in refused.stderr) == (
            1,
            True,
        )


def test_an_input_is_uploaded_once_listed_shown_and_deleted(run: Invoke, project: Path, prompts: Path) -> None:
    first, again = uploaded(run), uploaded(run)
    assert (first["uploaded"], again["uploaded"], first["id"]) == (True, False, again["id"])
    assert first["filename"] == f"prompts-sha256-{first['sha256']}.jsonl"
    head, row = run("files", "list", "--sim").stdout.splitlines()
    assert head.split() == ["ID", "NAME", "PURPOSE", "SIZE", "REQUESTS", "KEPT", "FOR", "USED", "BY"]
    assert row.split()[:2] == [first["id"], f"prompts-sha256-{first['sha256'][:8]}….jsonl"]
    facts = json.loads(run("files", "get", first["id"], "--sim", "--json").stdout)
    assert (facts["bytes"], facts["requests"], facts["used_by"]) == (len(prompts.read_bytes()), 3, [])
    assert run("files", "content", first["id"], "--sim").stdout == prompts.read_text()
    into = run("files", "content", first["id"], "--into", "copy.jsonl", "--sim")
    assert into.exit_code == 0
    assert (project / "copy.jsonl").read_text() == prompts.read_text()
    refused = run("files", "delete", first["id"], "--sim")
    assert (refused.exit_code, "no question can be asked" in refused.stderr) == (1, True)
    assert run("files", "delete", first["id"], "--auto-approve", "--sim").exit_code == 0
    assert run("files", "list", "--sim").stdout == "No files.\n"


def test_a_terminal_gets_no_control_characters_of_a_content(
    run: Invoke, prompts: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    prompts.write_bytes(b"a\x1b[2Jb\xff\n")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    show_content(prompts)
    assert capsys.readouterr().out == "a\\x1b[2Jb\ufffd\n"


def test_a_file_that_a_batch_reads_is_not_deleted_without_a_word(run: Invoke, project: Path, prompts: Path) -> None:
    file = uploaded(run)["id"]
    batch = begun(run, file)
    assert json.loads(run("files", "get", file, "--sim", "--json").stdout)["used_by"] == [batch]
    refused = run("files", "delete", file, "--auto-approve", "--sim")
    assert refused.exit_code == 5
    assert f"{file} is read by {batch}, which would fail" in refused.stderr
    assert run("files", "delete", file, "--used", "--auto-approve", "--sim").exit_code == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("files get file_no", "there is no file file_no"),
        ("files content file_no", "there is no file file_no"),
        ("files delete file_no --auto-approve", "there is no file file_no"),
        ("batches get batch_no", "there is no batch batch_no"),
        ("batches cancel batch_no", "there is no batch batch_no"),
        ("batches results batch_no", "there is no batch batch_no"),
        ("files delete file_no --json", "--json cannot ask"),
        ("files content file_no --json", "--json is about the downloaded file"),
        ("batches check no.jsonl", "no.jsonl cannot be read: No such file or directory"),
    ],
)
def test_what_is_not_there_ends_in_a_message(run: Invoke, words: str, message: str) -> None:
    result = run(*words.split(), "--sim")
    assert result.exit_code == 1
    assert message in result.output


def test_results_are_joined_with_their_requests(run: Invoke, project: Path, prompts: Path) -> None:
    prompts.write_text(lines(ask("fine"), ask("too hot", temperature=9), ask("fine too")))
    batch = begun(run, uploaded(run)["id"])
    early = run("batches", "results", batch, "--sim")
    assert (early.exit_code, f"the batch {batch} is not over: 0 of 3 requests are done" in early.stderr) == (1, True)
    later(project, 3600)
    data = json.loads(run("batches", "get", batch, "--sim", "--json").stdout)
    assert (data["state"], data["total"], data["completed"], data["failed"]) == ("completed", 3, 2, 1)
    result = run("batches", "results", batch, "--into", "answers.jsonl", "--sim", "--json")
    assert result.exit_code == 1, "one request failed"
    facts = json.loads(result.stdout)
    assert (facts["completed"], facts["failed"], facts["missing"]) == (2, 1, {"count": 0, "first": []})
    assert facts["output_tokens"] > 0
    rows = [json.loads(line) for line in (project / "answers.jsonl").read_text().splitlines()]
    assert [(row["custom_id"], row["status"]) for row in rows] == [
        ("r0", "completed"),
        ("r1", "failed"),
        ("r2", "completed"),
    ]
    assert rows[0]["request"] == ask("fine")
    assert sorted(path.name for path in project.iterdir() if path.name.startswith(".answers")) == []
    given = run("batches", "results", batch, "--input", "prompts.jsonl", "--sim")
    assert (project / f"{batch}.results.jsonl").read_text() == (project / "answers.jsonl").read_text()
    assert re.search(r"Completed: +2\n", given.stdout)


def test_another_input_than_that_of_the_batch_is_refused(run: Invoke, project: Path, prompts: Path) -> None:
    batch = begun(run, uploaded(run)["id"])
    later(project, 3600)
    (project / "other.jsonl").write_text(lines(ask("other")))
    refused = run("batches", "results", batch, "--input", "other.jsonl", "--sim")
    assert (refused.exit_code, "is not the input of the batch" in refused.stderr) == (1, True)


def test_a_batch_that_expires_half_done_says_what_is_missing(run: Invoke, project: Path, prompts: Path) -> None:
    batch = begun(run, uploaded(run)["id"])
    later(project, 3 * 86_400, batch_line=86_400.0)
    result = run("batches", "results", batch, "--sim")
    assert result.exit_code == 1
    assert re.search(r"State: +expired\n", result.stdout)
    assert re.search(r"Completed: +1\n", result.stdout)
    assert "2 without a result: r1, r2" in result.stdout


def test_results_that_are_gone_are_said_to_be(run: Invoke, project: Path, prompts: Path) -> None:
    batch = begun(run, uploaded(run)["id"])
    later(project, 3600)
    later(project, 16 * 86_400)
    gone = run("batches", "results", batch, "--sim")
    assert "is gone; inputs are kept 15 days: add --input" in gone.stderr
    assert run("batches", "results", batch, "--input", "prompts.jsonl", "--sim").exit_code == 0
    later(project, 32 * 86_400)
    gone = run("batches", "results", batch, "--input", "prompts.jsonl", "--sim")
    assert "the results of the batch," in gone.stderr
    assert "they are kept 30 days" in gone.stderr


def test_a_batch_that_failed_says_why(run: Invoke, project: Path, prompts: Path) -> None:
    file = uploaded(run)["id"]
    batch = begun(run, file)
    assert run("files", "delete", file, "--used", "--auto-approve", "--sim").exit_code == 0
    later(project, 3600)
    failed = run("batches", "results", batch, "--sim")
    assert (failed.exit_code, f"the batch {batch} failed: file" in failed.stderr) == (1, True)
    (row,) = json.loads(run("batches", "list", "--sim", "--json").stdout)
    assert (row["id"], row["state"], "not found" in row["trouble"]) == (batch, "failed", True)


def test_a_batch_is_cancelled_once(run: Invoke, project: Path, prompts: Path) -> None:
    batch = begun(run, uploaded(run)["id"])
    (row,) = json.loads(run("batches", "cancel", batch, "--sim", "--json").stdout)
    assert (row["id"], row["cancelled"], row["before"]) == (batch, True, "validating")
    later(project, 600)
    (row,) = json.loads(run("batches", "cancel", batch, "--sim", "--json").stdout)
    assert (row["state"], row["cancelled"]) == ("cancelled", False)


def test_a_check_names_model_tokens_and_cost(run: Invoke, prompts: Path) -> None:
    facts = json.loads(run("batches", "check", "prompts.jsonl", "--sim", "--json").stdout)
    assert (facts["model"], facts["requests"], facts["batches"]) == (MODEL, 3, True)
    assert facts["output_tokens_most"] == 150
    assert (facts["least"], facts["most"]) == ("0.00000081", "0.0000708")
    text = run("batches", "check", "prompts.jsonl", "--sim").stdout
    assert re.search(r"Cost: +\$\S+ to \$\S+ \(a rough estimate, by the prices of online calls\)\n", text)
    offline = run("batches", "check", "prompts.jsonl", "--offline").stdout
    assert re.search(r"Cost: +not asked\n", offline)


def test_a_check_refuses_a_model_that_cannot_batch(run: Invoke, prompts: Path) -> None:
    prompts.write_text(lines(ask("a", model="no/model")))
    assert "there is no model no/model" in run("batches", "check", "prompts.jsonl", "--sim").stderr
    prompts.write_text("{\n")
    broken = run("batches", "check", "prompts.jsonl", "--sim")
    assert (broken.exit_code, "prompts.jsonl:1:2" in broken.stderr) == (1, True)
    assert run("files", "upload", "prompts.jsonl", "--sim").exit_code == 1
