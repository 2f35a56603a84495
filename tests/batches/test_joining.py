"""Results beside their requests: in the order of the input, each once, and every trouble counted."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from novita_infra.batches.errors import CommonErrors
from novita_infra.batches.joining import JoinedResults, NamedIds, input_rows, join_results
from novita_infra.model.diagnostics import Problems

ERROR = {"code": "expired"}


def result(id: str, text: str = "fine", *, status: int = 200, error: Any = None) -> str:
    body = {"choices": [text], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}
    return json.dumps({"custom_id": id, "response": {"status_code": status, "body": body}, "error": error})


def joined(
    folder: Path, ids: Sequence[str], results: Sequence[str], errors: Sequence[str] = ()
) -> tuple[JoinedResults, list[dict[str, Any]]]:
    (folder / "in").write_text("".join(json.dumps({"custom_id": id, "body": {"n": id}}) + "\n" for id in ids))
    (folder / "out").write_text("".join(f"{line}\n" for line in results))
    (folder / "err").write_text("".join(f"{line}\n" for line in errors))
    found = asyncio.run(join_results(input_rows(folder / "in"), [folder / "out", folder / "err"], folder / "joined"))
    return found, [json.loads(line) for line in (folder / "joined").read_text().split("\n") if line]


def test_results_in_another_order_come_in_that_of_the_input(tmp_path: Path) -> None:
    found, rows = joined(tmp_path, ["a", "b", "c"], [result("c"), result("a")], [result("b", status=400, error=ERROR)])
    assert [row["custom_id"] for row in rows] == ["a", "b", "c"]
    assert [row["status"] for row in rows] == ["completed", "failed", "completed"]
    assert rows[0]["request"] == {"n": "a"}
    assert rows[0]["response"]["choices"] == ["fine"]
    assert rows[1]["error"] == ERROR
    assert found == JoinedResults(requests=3, completed=2, failed=1, input_tokens=9, output_tokens=6)


def test_requests_that_had_no_time_are_missing(tmp_path: Path) -> None:
    found, rows = joined(tmp_path, ["a", "b"], [result("a")])
    nothing = dict.fromkeys(("status_code", "response", "error"))
    assert rows[1] == {"custom_id": "b", "request": {"n": "b"}, "status": "missing", **nothing}
    assert found.missing == NamedIds(1, ("b",))


def test_of_two_results_the_first_counts_and_it_is_said(tmp_path: Path) -> None:
    found, rows = joined(tmp_path, ["a"], [result("a", "one"), result("a", "two")], [result("a", status=500)])
    assert rows[0]["response"]["choices"] == ["one"]
    assert found.duplicated == NamedIds(2, ("a", "a"))
    assert found.completed == 1


def test_results_of_no_request_and_broken_lines_are_counted(tmp_path: Path) -> None:
    found, rows = joined(tmp_path, ["a"], [result("z"), "{", "7", '{"id": 1}', "", result("a")])
    assert len(rows) == 1
    assert (found.unknown, found.unreadable) == (NamedIds(1, ("z",)), 3)


def test_of_many_troubles_the_first_are_named(tmp_path: Path) -> None:
    found, _ = joined(tmp_path, [f"a{n}" for n in range(100)], [result(f"z{n}") for n in range(100)])
    assert (found.missing.count, len(found.missing.first)) == (100, 20)
    assert (found.unknown.count, len(found.unknown.first)) == (100, 20)


def test_an_error_without_a_response_is_a_failure(tmp_path: Path) -> None:
    _, rows = joined(
        tmp_path, ["a"], [], [json.dumps({"custom_id": "a", "response": None, "error": {"code": "expired"}})]
    )
    assert (rows[0]["status"], rows[0]["error"], rows[0]["response"]) == ("failed", ERROR, None)


def test_missing_files_end_in_messages(tmp_path: Path) -> None:
    with pytest.raises(Problems, match="the results cannot be read"):
        asyncio.run(join_results([], [tmp_path / "no"], tmp_path / "joined"))
    (tmp_path / "out").touch()
    with pytest.raises(Problems, match="name the file that was uploaded"):
        asyncio.run(join_results(input_rows(tmp_path / "no"), [tmp_path / "out"], tmp_path / "joined"))
    assert not (tmp_path / "joined").exists()


def test_other_tasks_have_turns_while_results_are_read_and_written(tmp_path: Path) -> None:
    ids = [f"r{number}" for number in range(5000)]
    (tmp_path / "out").write_text("".join(f"{result(id)}\n" for id in ids))
    turns = 0
    read, written = Counter[int](), Counter[int]()
    """By the turn of the other task, the results that are read, and the rows that are written."""

    def rows() -> Iterator[tuple[str, None]]:
        for id in ids:
            written[turns] += 1
            yield id, None

    async def beat() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def join() -> JoinedResults:
        beating = asyncio.create_task(beat())
        try:
            into = tmp_path / "joined"
            return await join_results(rows(), [tmp_path / "out"], into, seen=lambda _: read.update([turns]))
        finally:
            beating.cancel()

    assert asyncio.run(join()).completed == 5000
    for part in (read, written):
        assert len(part) >= 10
        assert max(part.values()) <= 501


def test_without_any_answer_the_file_goes_elsewhere_and_the_errors_are_counted(tmp_path: Path) -> None:
    bad = [json.dumps({"custom_id": f"a{n}", "error": {"code": "E", "message": f"m{n % 7}"}}) for n in range(16)]
    (tmp_path / "err").write_text("\n".join(bad))
    rows = [(f"a{n}", None) for n in range(16)]
    into = tmp_path / "joined"
    found = asyncio.run(join_results(rows, [tmp_path / "err"], into, unanswered=tmp_path / "joined.errors"))
    assert found.into == tmp_path / "joined.errors"
    assert found.digest == hashlib.sha256(found.into.read_bytes()).hexdigest()
    assert not into.exists()
    lines = found.errors.lines(lambda text: text.replace("m0", "(secret)"))
    assert lines == ("3 x E: (secret)", "3 x E: m1", "2 x E: m2", "2 x E: m3", "2 x E: m4", "4 x other errors")


@pytest.mark.parametrize(
    ("found", "text"),
    [
        ({"error": {"code": "RATE", "message": "slow down"}}, "RATE: slow down"),
        ({"error": "it broke"}, "it broke"),
        ({"response": {"status_code": 400, "body": {"code": 400, "reason": "BAD", "message": "no"}}}, "BAD: no"),
        ({"response": {"status_code": 429, "body": {"error": {"code": "rate", "message": "no"}}}}, "rate: no"),
        ({"response": {"status_code": 500, "body": None}}, "status 500, without a message"),
        ({"error": {"message": "x" * 500}}, f"{'x' * 199}…"),
    ],
)
def test_an_error_is_named_by_its_code_and_message(found: dict[str, Any], text: str) -> None:
    errors = CommonErrors()
    errors.add({"custom_id": "a", **found})
    assert errors.lines(str) == (f"1 x {text}",)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ids=st.lists(st.text(min_size=1, max_size=4), unique=True, max_size=12), data=st.data())
def test_every_request_has_one_line_whatever_the_results_are(
    tmp_path: Path, ids: list[str], data: st.DataObject
) -> None:
    ids = [id.encode("utf-8", "replace").decode() for id in ids]
    ids = list(dict.fromkeys(ids))
    answered = data.draw(st.lists(st.sampled_from([*ids, "other"]), max_size=20))
    failed = data.draw(st.lists(st.sampled_from([*ids, "other"]), max_size=5))
    found, rows = joined(tmp_path, ids, [result(id) for id in answered], [result(id, status=400) for id in failed])
    assert [row["custom_id"] for row in rows] == ids
    assert found.requests == len(ids) == found.completed + found.failed + found.missing.count
    for row in rows:
        wanted = "completed" if row["custom_id"] in answered else "failed" if row["custom_id"] in failed else "missing"
        assert row["status"] == wanted
    extra = [id for id in (*answered, *failed) if id not in ids]
    assert found.unknown.count == len(set(extra))
    assert found.duplicated.count == len(answered) + len(failed) - len({*answered, *failed})
