"""The input of a batch as the manifests are loaded: what it holds, and what is wrong with it at which line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rig import Rig

from novita_infra.kinds.batch.inputs import describe_input, requests_of
from novita_infra.model.diagnostics import Problems
from novita_infra.views.content.diagnostics import excerpt, placed, sources

MODEL = "deepseek/deepseek-v3-0324"
TEMPLATE = {"messages": [{"role": "user", "content": "Say {{ word }}"}], "max_tokens": 5}


def described(folder: Path, spec: dict[str, Any]) -> dict[str, Any]:
    found, faults = describe_input(spec, folder)
    assert not faults
    return dict(found["input"])


def spec_of(data: str, **more: Any) -> dict[str, Any]:
    return {"model": MODEL, "input": {"data": data, "template": TEMPLATE, **more}}


def messages(rig: Rig, spec: dict[str, Any]) -> list[str]:
    """What a person reads of a project with this batch, with the places."""
    rig.declare(("Batch", "it", spec))
    with pytest.raises(Problems) as caught:
        rig.project()
    return [str(item) for item in caught.value.diagnostics]


def test_the_same_rows_in_any_form_are_the_same_input(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("\ufeffword\none\ntwo\n", encoding="utf-8")
    (tmp_path / "rows.jsonl").write_text('{"word": "one"}\n\n{"word": "two"}\n', encoding="utf-8")
    (tmp_path / "rows.json").write_text('[{"word": "one"}, {"word": "two"}]', encoding="utf-8")
    rows: list[Any] = [{"word": "one"}, {"word": "two"}]
    backwards = dict(reversed(TEMPLATE.items()))
    inputs = [spec_of(name) for name in ("rows.csv", "rows.jsonl", "rows.json")]
    inputs += [{"model": MODEL, "input": {"rows": rows, "template": one}} for one in (TEMPLATE, backwards)]
    assert len({described(tmp_path, spec)["sha256"] for spec in inputs}) == 1
    assert [id for id, _ in requests_of(inputs[0], tmp_path)] == ["1", "2"]


def test_a_place_alone_gets_the_value_and_a_place_in_a_text_its_words(tmp_path: Path) -> None:
    given = {
        "rows": [{"n": 5, "word": "é", "list": [1]}],
        "template": {"prompt": "{{n}} {{list}} {{word}}", "max_tokens": "{{n}}"},
    }
    facts = described(tmp_path, {"model": MODEL, "input": given})
    line = json.dumps(
        {"body": {"max_tokens": 5, "model": MODEL, "prompt": "5 [1] é"}, "custom_id": "1"},
        ensure_ascii=False,
        separators=(",", ":"),
    )
    assert facts["bytes"] == len(line.encode()) + 1
    assert facts["tokens"]["outputMost"] == 5


def test_a_wrong_row_is_named_with_its_file_and_line(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    (tmp_path / "rows.csv").write_text("word,id\none,a\ntwo,a\n", encoding="utf-8")
    (fault,) = messages(rig, spec_of("rows.csv", customId="{{id}}"))
    assert fault.startswith('rows.csv:3:1: row 2: custom_id "a" stands in row 1, too')
    (fault,) = messages(rig, spec_of("rows.csv", customId="{{ids}}"))
    assert fault.startswith('rows.csv:2:1: row 1 has no "ids"; did you mean "id"?')


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("rows.csv", b"id,word\na,one\nb,one, two\n", "rows.csv:3:1: row 2 has 3 cells, the header 2; quote texts"),
        ("rows.csv", b"word,id,word\na,b,c\n", 'rows.csv:1:1: the column "word" stands twice in the header'),
        ("rows.csv", b"word\n\xe9\n", "rows.csv cannot be read: it is no UTF-8 text"),
        ("rows.csv", b'word\n"a"b\n', "rows.csv cannot be read: it is no table of rows"),
        ("rows.tsv", b"word\none\n", "rows.tsv is no file of rows; only .csv, .jsonl, .json are read"),
    ],
)
def test_a_table_that_would_lose_text_or_cannot_be_read_is_refused(
    name: str, content: bytes, words: str, tmp_path: Path
) -> None:
    rig = Rig(tmp_path)
    (tmp_path / name).write_bytes(content)
    (fault,) = messages(rig, spec_of(name))
    assert words in fault


def test_columns_without_a_name_and_empty_lines_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text('word,,\n"one, two",,\n\nthree\n', encoding="utf-8")
    assert [row["word"] for _, row in requests_of(spec_of("rows.csv"), tmp_path)] == ["one, two", "three"]


def test_a_wrong_line_of_a_file_of_requests_is_named(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    (tmp_path / "prompts.jsonl").write_text('{"custom_id": "a"}\n{no\n', encoding="utf-8")
    first, second = messages(rig, {"input": {"file": "prompts.jsonl"}})
    assert first.startswith("prompts.jsonl:1:1: body is missing")
    assert second.startswith("prompts.jsonl:2:")


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"model": MODEL, "input": {"file": "none.jsonl"}}, "none.jsonl cannot be read"),
        ({"model": MODEL, "input": {"template": TEMPLATE}}, "input has no requests"),
        ({"model": MODEL, "input": {"rows": [{}], "data": "a.csv", "template": TEMPLATE}}, "input has data and rows"),
        ({"model": MODEL, "input": {"rows": [{}]}}, "input has no template"),
        ({"input": {"rows": [{"word": "a"}], "template": TEMPLATE}}, "the requests name no model"),
        ({**spec_of("rows.csv"), "results": "../out.jsonl"}, "results is outside of the project"),
        (
            {**spec_of("rows.csv"), "endpoint": "/v1/completions"},
            "the requests of the input are for /v1/chat/completions",
        ),
        ({"model": MODEL, "input": {"rows": [{"word": "${vpc.net.id}"}], "template": TEMPLATE}}, "input must be known"),
    ],
)
def test_what_cannot_be_an_input_is_refused_before_there_is_a_plan(
    spec: dict[str, Any], words: str, tmp_path: Path
) -> None:
    rig = Rig(tmp_path)
    (tmp_path / "rows.csv").write_text("word\none\n", encoding="utf-8")
    rig.declare(("Batch", "it", spec), ("VPC", "net", {"cluster": "us-dallas-nas-2"}))
    with pytest.raises(Problems) as caught:
        rig.project()
    assert any(words in str(item) for item in caught.value.diagnostics), [*map(str, caught.value.diagnostics)]


def test_results_may_not_leave_the_project_by_a_link(tmp_path: Path) -> None:
    rig = Rig(tmp_path / "project")
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "out").symlink_to(tmp_path)
    spec = {"model": MODEL, "input": {"rows": [{"word": "a"}], "template": TEMPLATE}, "results": "out/it.jsonl"}
    (fault,) = messages(rig, spec)
    assert "results is outside of the project" in fault


def test_rows_that_changed_since_the_plan_are_not_uploaded(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    (tmp_path / "rows.csv").write_text("word\none\n", encoding="utf-8")
    rig.declare(("Batch", "it", spec_of("rows.csv")))
    review = rig.plan()
    (tmp_path / "rows.csv").write_text("word\ntwo\n", encoding="utf-8")
    (end,) = rig.apply(review=review, expect_success=False).ends
    assert "changed" in end.reason
    assert not list(rig.world.batches)
    assert not list(rig.world.files)
    assert not rig.state().records


def test_an_imported_batch_is_that_of_the_declared_input(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    (tmp_path / "rows.csv").write_text("word\none\n", encoding="utf-8")
    rig.declare(("Batch", "it", spec_of("rows.csv")))
    rig.apply()
    id = rig.record("batch.it").id
    rig.forget("batch.it")
    rig.take_in("batch.it", id)
    assert rig.plan().empty
    assert rig.world.calls["batches.create"] == 1


def test_a_fault_of_a_json_file_is_at_its_line_of_the_path_as_given(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    (tmp_path / "data").mkdir()
    file = tmp_path / "data" / "rows.json"
    file.write_text('[\n {"word": "one",\n  "id": 1},\n\n {"word": "two", "id": null}\n]', encoding="utf-8")
    (fault,) = messages(rig, spec_of("data/rows.json", customId="row-{{id}}"))
    assert fault == 'data/rows.json:5:1: row 2: "id" is null; give it a value, or leave the row out'
    file.write_text('[\n {"word": "one"},\n {"word": two}\n]', encoding="utf-8")
    (fault,) = messages(rig, spec_of("data/rows.json"))
    assert fault.startswith("data/rows.json:3:1: no JSON: ")
    file.write_text('{"word": "one"}', encoding="utf-8")
    (fault,) = messages(rig, spec_of("data/rows.json"))
    assert "main.yaml:" in fault
    assert "data/rows.json cannot be read: it holds no list of rows" in fault
    file.write_text("[]", encoding="utf-8")
    assert "the file is empty" in messages(rig, spec_of("data/rows.json"))[0]


def test_a_row_with_too_few_cells_is_named_as_such(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    (tmp_path / "rows.csv").write_text("id,word,note\na,one\nb\n", encoding="utf-8")
    (fault,) = messages(rig, spec_of("rows.csv"))
    assert fault.startswith('rows.csv:3:1: row 2 has only 1 cell, and the header 3: there is none for "word"')


def test_lines_of_data_are_quoted_without_credentials(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    (tmp_path / "rows.csv").write_text("id,word\na,one\na,ask with token=hunter2hunter2\n", encoding="utf-8")
    rig.declare(("Batch", "it", spec_of("rows.csv", customId="{{id}}")))
    with pytest.raises(Problems) as caught:
        rig.project()
    (item,) = placed(caught.value.diagnostics, tmp_path)
    assert excerpt(item, sources()) == ("a,ask with token=(secret)", 0)
    assert excerpt(replace(item, data=False), sources()) == ("********", 0)


def test_errors_may_not_leave_the_project_by_a_link(tmp_path: Path) -> None:
    rig = Rig(tmp_path / "project")
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "it.jsonl.errors").symlink_to(tmp_path / "elsewhere")
    spec = {"model": MODEL, "input": {"rows": [{"word": "a"}], "template": TEMPLATE}, "results": "it.jsonl"}
    (fault,) = messages(rig, spec)
    assert "results, with .errors after it, is outside of the project" in fault
