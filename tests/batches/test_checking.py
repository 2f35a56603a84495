"""Inputs of batches before their upload: every error with its line, and the same memory for each size."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from novita_infra.batches import checking
from novita_infra.batches.checking import CheckedInput, check_input
from novita_infra.batches.estimates import RequestSizes, estimate_cost, estimate_tokens
from novita_infra.model.diagnostics import Problems

CHAT = {"model": "m/x", "messages": [{"role": "user", "content": "hello world!"}], "max_tokens": 10}


WORDS = ["custom_id", "body", "model", "messages", "prompt", "url", "n", "text", "content"]


def line(id: Any = "a", **changes: Any) -> str:
    return json.dumps({"custom_id": id, "body": CHAT} | changes)


def checked(path: Path, *lines: str) -> CheckedInput:
    path.write_text("".join(f"{item}\n" for item in lines), encoding="utf-8")
    return check_input(path)


def errors(path: Path, *lines: str) -> list[str]:
    with pytest.raises(Problems) as caught:
        checked(path, *lines)
    return [str(item).removeprefix(f"{path}:") for item in caught.value.diagnostics]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "in.jsonl"


def test_a_sound_input_has_a_digest_a_model_and_a_count(path: Path) -> None:
    found = checked(path, line("a", method="POST", url="/v1/chat/completions"), line("b"))
    data = path.read_bytes()
    assert (found.content.bytes, found.content.digest) == (len(data), hashlib.sha256(data).hexdigest())
    assert (found.lines, found.model, found.endpoint) == (2, "m/x", "/v1/chat/completions")
    assert found.sizes == RequestSizes(requests=2, messages=2, text_bytes=24, answers=20)


def test_the_last_line_needs_no_end(path: Path) -> None:
    path.write_text(f"{line('a')}\n{line('b')}", encoding="utf-8")
    assert check_input(path).lines == 2


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("", "1:1: the line is blank; remove it: each line is a request"),
        ("{", "1:2: no JSON: expecting property name enclosed in double quotes; each line is one object"),
        ("[1]", "1:1: the line is no object"),
        ('{"custom_id": NaN}', "1:1: no JSON: the number NaN has no form in JSON"),
        (json.dumps({"body": CHAT}), '1:1: custom_id is missing; give each request its own: "custom_id": "1"'),
        (json.dumps({"customId": "a", "body": CHAT}), '1:1: custom_id is missing; "customId" is no key of a request'),
        (line(7), "1:1: custom_id is a number; it is a text that no other line has"),
        (line(""), "1:1: custom_id is an empty text"),
        (json.dumps({"custom_id": "a"}), "1:1: body is missing"),
        (line(body=[]), "1:1: body is a list"),
        (line(body={"messages": []}), "1:1: body.model is missing"),
        (line(body=CHAT | {"model": None}), "1:1: body.model is null"),
        (line(method="GET"), '1:1: method is "GET"; it is "POST", or left out'),
        (line(url="/openai/v1/chat/completions"), '1:1: url is "/openai/v1/chat/completions"; it is one of /v1/chat'),
        (line(body={"model": "m"}), "1:1: body has neither messages nor prompt"),
        (line(body=CHAT | {"prompt": "a"}), "1:1: body has both messages and prompt"),
        (line(url="/v1/completions"), "1:1: body.prompt is missing; /v1/completions needs it"),
    ],
)
def test_each_error_of_a_line_says_what_is_allowed(path: Path, bad: str, message: str) -> None:
    assert errors(path, bad)[0].startswith(message)


def test_all_errors_come_at_once_with_their_lines(path: Path) -> None:
    found = errors(
        path,
        line("a"),
        line("a"),
        line("b", body=CHAT | {"model": "m/y"}),
        line("c", body={"model": "m/x", "prompt": "Once"}),
        "{",
    )
    assert [item.partition(";")[0] for item in found] == [
        '2:1: custom_id "a" stands in line 1, too',
        '3:1: body.model is "m/y"',
        "4:1: the request is for /v1/completions",
        "5:2: no JSON: expecting property name enclosed in double quotes",
    ]


def test_of_many_errors_the_first_are_shown_and_the_others_counted(path: Path) -> None:
    found = errors(path, *["{"] * 1000)
    assert len(found) == 21
    assert found[-1].endswith("980 more errors; mend these first")


@pytest.mark.parametrize(
    ("name", "lines", "what"),
    [("in.csv", ["id,question", "a,b", "c,d"], "table"), ("in.json", ["[", '{"a": 1}', "]"], "list of rows")],
)
def test_rows_for_a_template_are_one_error(path: Path, name: str, lines: list[str], what: str) -> None:
    path = path.with_name(name)
    (error,) = errors(path, *lines)
    assert error.startswith(
        f"1:1: the file is a {what}, and no JSON Lines of requests; name it in `input.data` of a Batch"
    )
    assert "`novita-infra validate` checks it" in error
    assert checked(path, line()).lines == 1


def test_an_empty_file_is_no_input(path: Path) -> None:
    assert errors(path)[0].startswith("1:1: the file is empty")


def test_too_many_lines_are_counted_and_not_read(path: Path) -> None:
    found = errors(path, *(line(str(number)) for number in range(50_003)))
    assert found == ["50001:1: the file has 50,003 lines; a batch has at most 50,000"]


def test_too_many_bytes_and_too_long_lines_are_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "LONGEST_LINE", 1000)
    monkeypatch.setattr(checking, "MOST_BYTES", 1500)
    long = line("a", body=CHAT | {"stop": "x" * 5000})
    assert [item.partition(";")[0] for item in errors(path, line("0"), long, line("0"))] == [
        "2:1: the line is longer than 16 MB",
        '3:1: custom_id "0" stands in line 1, too',
        "3:1: the file has 0.0 MB",
    ]


def test_a_byte_that_is_no_utf_8_and_a_byte_order_mark_are_named(path: Path) -> None:
    path.write_bytes(b'{"custom_id": "\xff"}\n')
    with pytest.raises(Problems, match="1:1: no JSON: it is not UTF-8"):
        check_input(path)
    path.write_bytes(b"\xef\xbb\xbf" + line().encode())
    with pytest.raises(Problems, match="1:1: the line begins with a byte order mark"):
        check_input(path)


def test_no_file_ends_in_a_message(path: Path) -> None:
    with pytest.raises(Problems, match="cannot be read: No such file or directory; name a JSONL file"):
        check_input(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.lists(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["custom_id", "body", "model", "messages", "prompt", "url", "n", "text"]), inner
                )
            ),
            max_leaves=10,
        ),
        max_size=6,
    )
)
def test_any_lines_end_in_messages_or_in_an_input(path: Path, values: Sequence[Any]) -> None:
    path.write_text("".join(f"{json.dumps(value)}\n" for value in values), encoding="utf-8")
    found = None
    with suppress(Problems):
        found = check_input(path)
    assert found is None or found.lines == len(values) == found.sizes.requests


@pytest.mark.parametrize(
    ("body", "sizes"),
    [
        ({"messages": [{"content": "äb"}, {"content": [{"type": "text", "text": "cd"}]}]}, (2, 5, 0, 1, 0)),
        ({"messages": [{"content": [{"type": "image_url", "image_url": {}}]}], "max_tokens": 4}, (1, 0, 4, 0, 1)),
        ({"prompt": ["a", "b"], "max_completion_tokens": 3, "n": 2}, (2, 2, 6, 0, 0)),
        ({"prompt": "a", "max_tokens": True}, (1, 1, 0, 1, 0)),
        ({"messages": [None, 7, {"content": None}]}, (3, 0, 0, 1, 1)),
        ({}, (1, 0, 0, 1, 1)),
    ],
)
def test_the_sizes_of_a_request_follow_from_its_texts(body: Any, sizes: tuple[int, ...]) -> None:
    found = RequestSizes().with_request(body)
    assert (found.messages, found.text_bytes, found.answers, found.unlimited, found.others) == sizes


def test_an_estimate_is_an_exact_range() -> None:
    sizes = RequestSizes(requests=2, messages=2, text_bytes=600, answers=100)
    tokens = estimate_tokens(sizes)
    assert (tokens.input_least, tokens.input_most, tokens.output_most) == (100, 340, 100)
    one, two = Fraction(1), Fraction(2)
    assert estimate_cost(tokens, [(Decimal("0.39"), Decimal("0.5"))]) == (
        Fraction("0.39") * 100 / 10**6,
        (Fraction("0.39") * 340 + Fraction("0.5") * 100) / 10**6,
    )
    assert estimate_cost(tokens, [(Decimal(1), Decimal(1)), (Decimal(2), Decimal(2))]) == (
        one / 10**4,
        two * 440 / 10**6,
    )


def test_what_is_unknown_stays_unknown() -> None:
    unlimited = estimate_tokens(RequestSizes(requests=1, messages=1, text_bytes=60, unlimited=1))
    assert unlimited.output_most is None
    assert estimate_cost(unlimited, [(Decimal(1), Decimal(1))]) == (Fraction(10, 10**6), None)
    assert estimate_cost(unlimited, [(None, Decimal(1))]) == (None, None)
    assert estimate_cost(unlimited, []) == (None, None)
    assert estimate_tokens(RequestSizes(requests=1, unlimited=1), longest_output=70).output_most == 70
    assert estimate_tokens(RequestSizes(requests=1, others=1)).input_most is None


_MEASURE = """
import asyncio, json, random, sys
from pathlib import Path
from novita_infra.batches.checking import check_input
from novita_infra.batches.joining import input_rows, join_results
folder = Path(sys.argv[1])
with (folder / "in").open("w") as file:
    for i in range(50_000):
        body = {"model": "m/x", "messages": [{"role": "user", "content": "word " * 220}], "max_tokens": 9}
        file.write(json.dumps({"custom_id": f"row-{i}", "body": body}) + "\\n")
ids = list(range(50_000))
random.Random(1).shuffle(ids)
with (folder / "out").open("w") as file:
    for i in ids:
        answer = {"choices": [{"message": {"content": "answer " * 150}}]}
        row = {"custom_id": f"row-{i}", "response": {"status_code": 200, "body": answer}, "error": None}
        file.write(json.dumps(row) + "\\n")
assert check_input(folder / "in").content.bytes > 55_000_000
assert asyncio.run(join_results(input_rows(folder / "in"), [folder / "out"], folder / "joined")).completed == 50_000
print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.skipif(sys.platform != "linux", reason="the most memory since the start of a program is read from /proc")
def test_50_000_lines_of_60_mb_are_checked_and_joined_in_under_150_mb(tmp_path: Path) -> None:
    run = subprocess.run([sys.executable, "-c", _MEASURE, tmp_path], capture_output=True, text=True, check=True)
    assert int(run.stdout) < 150_000, "kB"
