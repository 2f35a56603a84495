"""What is shown of a log: its last lines, whatever it is written in, and no secret."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from novita_infra.api.logs.lines import LONGEST, MOST, extract_lines

SECRET = "pepper&salt/7"
LINES = ("loading", "CUDA out of memory")
FORMS = {
    "plain": "loading\nCUDA out of memory\n",
    "other line ends": "loading\r\n\r\nCUDA out of memory",
    "JSON lines": '{"msg": "loading", "level": "info"}\n{"message": "CUDA out of memory"}\n',
    "some JSON among plain lines": '{"log": "loading\\n"}\nCUDA out of memory',
    "a JSON list of entries": '[{"line": "loading"}, {"text": "CUDA out of memory"}]',
    "a JSON list of lines": '["loading", "CUDA out of memory"]',
    "a JSON object with the entries": '{"logs": [{"content": "loading"}, "CUDA out of memory"], "total": 2}',
    "a JSON object with the text": '{"data": {"message": "loading\\nCUDA out of memory"}}',
    "events": ': hello\nevent: log\ndata: loading\n\nid: 7\ndata: {"message": "CUDA out of memory"}\n',
    "colours and a bar": "\rloading: 1 %\r\x1b[32mloading\x1b[0m\x1b[K\nCUDA\tout of memory\x07\n",
}


def shown(text: str, *secrets: str, cut_off: bool = False) -> tuple[str, ...]:
    return extract_lines(text.encode(), secrets=secrets, cut_off=cut_off)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_lines(form: str) -> None:
    assert shown(FORMS[form]) == LINES


def test_an_entry_that_says_nothing_known_is_shown_whole() -> None:
    assert shown('{"event": "oom", "gpu": 3}') == ('{"event": "oom", "gpu": 3}',)


@pytest.mark.parametrize("text", ["", "\n\n", "   \r\n", "\x1b[0m\n"])
def test_a_log_that_says_nothing_has_no_lines(text: str) -> None:
    assert shown(text) == ()


@pytest.mark.parametrize(
    "text", ['{"msg": "half', "[" * 5000, '[1, "two"', "\ud800".encode("utf-8", "replace").decode()]
)
def test_a_broken_log_is_shown_as_it_is(text: str) -> None:
    assert shown(text) == (text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}...",)


def test_only_the_end_is_shown_and_long_lines_are_cut() -> None:
    lines = shown("\n".join([*(f"line {number}" for number in range(99)), "x" * 5000]))
    assert len(lines) == MOST
    assert lines[0] == "line 90"
    assert lines[-1] == "x" * (LONGEST - 3) + "..."


def test_a_first_line_that_may_be_half_a_line_is_left_out() -> None:
    assert shown("alt/7 is the rest of a secret\nnext", SECRET, cut_off=True) == ("next",)
    assert shown("half of one long line", cut_off=True) == ()


@pytest.mark.parametrize(
    "line",
    [
        f"salt is {SECRET}.",
        f"GET https://example.com/?q={SECRET.replace('&', '%26').replace('/', '%2F')}",
        json.dumps({"said": SECRET}),
        f"pep\x1b[1mper&salt/7 and {SECRET}",
        f"{'x' * (LONGEST - 5)}{SECRET}",
    ],
)
def test_a_known_secret_is_not_shown_however_it_is_written(line: str) -> None:
    (expected,) = shown(line, SECRET)
    assert "pepper" not in expected
    assert "salt/7" not in expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("HF_TOKEN=abc def", "HF_TOKEN=(secret) def"),
        ("export DB_PASSWORD='two words'", "export DB_PASSWORD=(secret)"),
        ('{"api_key": "abc", "user": "me"}', '{"api_key": (secret), "user": "me"}'),
        ("AWS_SECRET_ACCESS_KEY = abc", "AWS_SECRET_ACCESS_KEY = (secret)"),
        ("serve --api-key=abc --port=80", "serve --api-key=(secret) --port=80"),
        ("password: abc", "password: (secret)"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer (secret)"),
        ("authorization: Basic YWJj", "authorization: Basic (secret)"),
        ("http://127.0.0.1:8888/lab?token=abc&x=1", "http://127.0.0.1:8888/lab?token=(secret)&x=1"),
        ("postgres://app:abc@db/app", "postgres://app:(secret)@db/app"),
        ("using sk-abcdefghijklmnopqrst", "using (secret)"),
        ("using hf_abcdefghijklmnopqrst", "using (secret)"),
    ],
)
def test_the_value_of_a_name_that_sounds_secret_is_not_shown(line: str, expected: str) -> None:
    assert shown(line) == (expected,)


@pytest.mark.parametrize(
    "line",
    [
        "KeyError: 'learning_rate'",
        "max_tokens=512 tokenizer=llama",
        "MODE=train LR=2e-4",
        "basic settings loaded",
        "listening on 0.0.0.0:80",
        "sk_learn failed",
    ],
)
def test_a_line_that_only_resembles_a_secret_is_shown(line: str) -> None:
    assert shown(line) == (line,)


@example(data=b"\x00", secret="====", cut_off=False)  # unprintable marks alone leave no line
@given(
    data=st.binary(max_size=2000) | st.text(max_size=800).map(str.encode),
    secret=st.text("abcXYZ/&\"'=", min_size=4, max_size=12),
    cut_off=st.booleans(),
)
def test_any_bytes_give_a_few_short_printable_lines_without_the_secret(data: bytes, secret: str, cut_off: bool) -> None:
    lines = extract_lines(data + b"\n" + secret.encode(), secrets=[secret], cut_off=cut_off)
    assert len(lines) <= MOST
    for line in lines:
        assert 0 < len(line) <= LONGEST
        assert line.isprintable()
        assert secret not in line
