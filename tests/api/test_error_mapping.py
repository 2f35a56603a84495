"""What an answer means, by the reasons and the shapes of bodies that the service is known to send."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from quick_yaml import read_yaml
from trees import trees

from novita_infra.api.credentials import secrets_in
from novita_infra.api.error_mapping import refusal
from novita_infra.api.errors import (
    ApiError,
    Busy,
    NoMoney,
    NotFound,
    Refused,
    Throttled,
    Unanswered,
    Unauthorized,
)
from novita_infra.api.redaction import redact
from novita_infra.api.request import Request, get, post
from novita_infra.api.responses import LONGEST_WAIT, Response, asked_wait, content
from novita_infra.simulator.http.error_reasons import REASONS as GIVEN

REASONS = Path(__file__).parents[1] / "contract" / "reasons.yaml"
NOW = 1_790_000_000.0
READ = get("/gpu-instance/openapi/v1/gpu/instance", instanceId="i-1")
WRITE = post("/gpu-instance/openapi/v1/gpu/instance/create", {"name": "trainer"})

json_data = trees(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.text())
spoken_keys = st.sampled_from(["code", "reason", "message", "metadata", "error", "detail", "title", "details", "msg"])


def said(status: int, body: Any = None, *, request: Request = WRITE, **headers: str) -> ApiError:
    raw = body.encode() if isinstance(body, str) else b"" if body is None else json.dumps(body).encode()
    return refusal(
        request, Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, raw), now=NOW
    )


def flat(status: int, reason: str, message: str = "no", **metadata: str) -> dict[str, Any]:
    return {"code": status, "reason": reason, "message": message, "metadata": metadata}


DOCUMENTED = [
    (status, reason, meaning)
    for meaning, by_status in read_yaml(REASONS.read_text(encoding="utf-8")).items()
    for status, reasons in by_status.items()
    for reason in reasons
]


@pytest.mark.parametrize(("status", "reason", "meaning"), DOCUMENTED)
def test_a_documented_reason_becomes_the_error_of_its_meaning(status: int, reason: str, meaning: str) -> None:
    error = said(status, flat(status, reason))
    assert type(error).__name__ == meaning
    assert (error.status, error.reason, error.text) == (status, reason.upper(), "no")


def test_the_documented_reasons_are_those_that_the_simulator_gives() -> None:
    given = {
        (status, reason) for by_status in GIVEN.values() for status, names in by_status.items() for reason in names
    }
    assert {(status, reason) for status, reason, _ in DOCUMENTED} == given


@pytest.mark.parametrize(
    ("status", "reason", "kind"),
    [
        (400, "WALLET_NOT_FOUND", NoMoney),
        (403, "SOMETHING_NEW", Unauthorized),
        (404, "SOMETHING_NEW", NotFound),
        (429, "SOMETHING_NEW", Throttled),
        (400, "RATE_LIMIT_EXCEEDED", Throttled),
        (503, "RATE_LIMIT_EXCEEDED", Throttled),
        (500, "INSTANCE_NOT_FOUND", Unanswered),
        (400, "SOMETHING_NEW", Refused),
    ],
)
def test_an_undocumented_reason_or_status_becomes_the_nearest_error(
    status: int, reason: str, kind: type[ApiError]
) -> None:
    error = said(status, flat(status, reason))
    assert type(error) is kind
    assert (error.status, error.reason, error.text) == (status, reason.upper(), "no")


@pytest.mark.parametrize(
    ("body", "reason", "text"),
    [
        ({"code": 400, "reason": "NODE_STATUS", "message": "wait"}, "NODE_STATUS", "wait"),
        ({"code": "NODE_STATUS", "message": "wait"}, "NODE_STATUS", "wait"),
        ({"error": {"code": "NODE_STATUS", "message": "wait"}}, "NODE_STATUS", "wait"),
        ({"error": {"code": 400, "reason": "NODE_STATUS", "message": "wait"}}, "NODE_STATUS", "wait"),
        ({"error": "wait", "reason": "NODE_STATUS"}, "NODE_STATUS", "wait"),
        ({"error": "NODE_STATUS"}, "NODE_STATUS", ""),
        ({"message": "NODE_STATUS: wait"}, "NODE_STATUS", "NODE_STATUS: wait"),
        ({"title": "wait"}, "", "wait"),
        ({"detail": "wait"}, "", "wait"),
        ({"detail": [{"loc": ["name"]}]}, "", '[{"loc": ["name"]}]'),
        ({"message": None, "error": {"message": "wait"}}, "", "wait"),
        ("wait a while", "", "wait a while"),
        ('"wait"', "", "wait"),
        ("refused: NODE_STATUS", "NODE_STATUS", "refused: NODE_STATUS"),
        ({}, "", ""),
        (None, "", ""),
    ],
)
def test_every_shape_of_error_body_is_read(body: Any, reason: str, text: str) -> None:
    error = said(400, body)
    assert (error.reason, error.text) == (reason, text)
    assert str(error).startswith("POST /gpu-instance/openapi/v1/gpu/instance/create: ")
    assert str(error).endswith("(HTTP 400)")


def test_the_limits_in_the_metadata_are_reported() -> None:
    error = said(400, flat(400, "NETWORK_STORAGE_TOO_LARGE", "too large", limit="2000"))
    assert error.text == "too large [limit=2000]"


@pytest.mark.parametrize("text", ["template not found", "the template was not fount"])
def test_a_400_that_says_not_found_in_words_is_not_found(text: str) -> None:
    assert type(said(400, {"message": text})) is NotFound
    assert type(said(400, text)) is NotFound


@pytest.mark.parametrize(
    "body",
    [
        {"message": "invalid state change"},
        {"code": 400, "reason": "VALIDATOR_PARAM", "message": "Invalid state change"},
        "invalid state change",
        {"error": {"message": "serverless cluster is not active"}},
    ],
)
def test_a_refusal_that_passes_by_its_text_is_busy(body: Any) -> None:
    assert type(said(400, body)) is Busy


@pytest.mark.parametrize("code", [1006, 1010, 1020])
def test_a_refusal_of_the_web_filter_is_no_wrong_key(code: int) -> None:
    error = said(403, f"error code: {code}\n")
    assert type(error) is Refused
    assert "the key may be right" in error.advice


def test_an_exhausted_budget_is_not_answered_with_a_top_up() -> None:
    error = said(400, flat(400, "BALANCE_NOT_ENOUGH", "the Budget of the member is exhausted"))
    assert type(error) is NoMoney
    assert "raise it" in error.advice
    assert "top up" in said(400, flat(400, "BALANCE_NOT_ENOUGH", "the balance is not enough")).advice


def test_a_validation_error_that_says_not_found_is_no_missing_object() -> None:
    assert type(said(400, flat(400, "VALIDATOR_PARAM", "field gpuNum not found"))) is Refused


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, "404 page not found\n"),
        (404, None),
        (404, {"detail": "Not Found"}),
        (404, {"message": "404 Route Not Found"}),
        (404, "<html><title>404 Not Found</title></html>"),
        (405, {"message": "Method Not Allowed"}),
    ],
)
def test_a_missing_route_is_no_missing_object_and_points_at_the_address(status: int, body: Any) -> None:
    error = said(status, body)
    assert type(error) is Refused
    assert "NOVITA_API_URL" in error.advice


def test_a_404_in_words_about_an_object_is_not_found() -> None:
    assert type(said(404, {"message": "instance not found"})) is NotFound


def test_a_redirect_is_refused_and_names_where_it_leads() -> None:
    error = said(301, "moved", location="https://novita.ai/")
    assert type(error) is Refused
    assert "https://novita.ai/" in error.text
    assert "NOVITA_API_URL" in error.advice


def test_a_missing_balance_in_words_is_no_money() -> None:
    assert type(said(403, {"message": "Insufficient balance"})) is NoMoney


def test_a_web_page_is_reported_by_its_title_and_is_no_wrong_key() -> None:
    error = said(403, "<!DOCTYPE html><html><head><title>Blocked\n by Gate</title></head></html>")
    assert error.text == "a web page: Blocked by Gate"
    assert "proxy" in error.advice


@given(
    status=st.integers(100, 599).filter(lambda status: not 200 <= status < 300),
    body=st.binary()
    | (json_data | st.dictionaries(spoken_keys, json_data)).map(lambda data: json.dumps(data).encode()),
    headers=st.dictionaries(st.sampled_from(["retry-after", "date", "content-type", "location"]), st.text()),
)
def test_no_answer_is_too_strange_to_become_an_error(status: int, body: bytes, headers: dict[str, str]) -> None:
    error = refusal(WRITE, Response(status, headers, body), now=NOW)
    assert isinstance(error, ApiError)
    assert len(error.text) <= 500
    assert str(error).isprintable()
    assert 0 <= error.wait <= LONGEST_WAIT
    assert not (status >= 500 and isinstance(error, NotFound))


@given(status=st.integers(400, 599), secret=st.text(min_size=4).filter(str.strip), around=st.text(), data=st.data())
def test_no_secret_of_the_request_is_shown(status: int, secret: str, around: str, data: st.DataObject) -> None:
    if secret in "(secret)" or any(mark in secret for mark in "()[]=, "):
        return  # our own marks around it could spell it
    key = data.draw(st.sampled_from(["password", "imageAuth", "value"]))
    envs: dict[str, Any] = {"envs": [{"key": "TOKEN", key: secret}]}
    echo = f"{around}{json.dumps(envs)}{secret}"
    body = data.draw(
        st.sampled_from(
            [
                {"message": echo},
                {"error": {"message": echo}},
                {"reason": "X", "detail": envs},
                {"metadata": {"at": echo}},
            ]
        )
    )
    error = said(status, body, request=post("/x", {"template": envs}))
    for shown in (error.text, error.reason):
        assert secret not in shown
        assert json.dumps(secret)[1:-1] not in shown


def test_the_key_is_not_shown_even_when_the_service_repeats_it() -> None:
    answer = Response(401, {}, b'{"message": "bad key sk_abcdef, sorry"}')
    assert refusal(READ, answer, now=NOW, hidden=["sk_abcdef"]).text == "bad key (secret), sorry"


def test_a_request_with_a_password_does_not_show_it_in_the_repr_of_its_error() -> None:
    error = said(400, {"message": "no"}, request=post("/x", {"password": "hunter22"}))
    assert "hunter22" not in repr(error)


def test_a_short_secret_is_hidden_as_a_word_and_leaves_numbers_alone() -> None:
    assert redact("1 is over the limit of 10", ["1"]) == "(secret) is over the limit of 10"


def test_the_password_inside_an_image_login_is_hidden_too() -> None:
    assert redact("login of bob with pass-word failed", secrets_in({"imageAuth": "bob:pass-word"})) == (
        "login of bob with (secret) failed"
    )


def test_each_line_of_a_long_secret_is_hidden() -> None:
    assert "second-line" not in redact("at second-line.", ["first-line\nsecond-line"])


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "-3"}, 0),
        ({"retry-after": "nan"}, 0),
        ({"retry-after": "inf"}, LONGEST_WAIT),
        ({"retry-after": "86400"}, LONGEST_WAIT),
        ({"retry-after": "soon"}, 0),
        ({"retry-after": "Mon, 21 Sep 2026 14:13:30 GMT"}, 10),
        ({"retry-after": "Mon, 21 Sep 2026 14:13:10 GMT"}, 0),
        ({"retry-after": "Fri, 01 Jan 2021 00:00:09 GMT", "date": "Fri, 01 Jan 2021 00:00:00 GMT"}, 9),
    ],
)
def test_the_wait_asked_for_is_read_as_seconds_or_as_a_date(headers: dict[str, str], seconds: float) -> None:
    assert asked_wait(headers, NOW) == seconds


@pytest.mark.parametrize(
    ("label", "body", "data"),
    [
        ("application/json", b'{"id": "i-1"}', {"id": "i-1"}),
        ("", b'{"id": "i-1"}', {"id": "i-1"}),
        ("text/plain", b'"st-1"', "st-1"),
        ("text/plain", b"st-1\n", "st-1"),
        ("application/json", b"12", 12),
        ("text/plain", b"12", "12"),
        ("application/json", b"", None),
        ("application/json", b" \n", None),
        ("application/json", b"\xef\xbb\xbf[]", []),
        ("text/plain", b"\xff", "\ufffd"),
    ],
)
def test_a_good_answer_is_data_text_or_nothing(label: str, body: bytes, data: Any) -> None:
    assert content(READ, Response(200, {"content-type": label}, body)) == data


@pytest.mark.parametrize(
    "body", [b'{"id": "i-', b'"st', b"[1,", b"[" * 100_000, b'{"id": "\xff"}', b"<html>hello</html>"]
)
def test_a_body_that_breaks_off_is_a_lost_answer(body: bytes) -> None:
    with pytest.raises(Unanswered) as caught:
        content(READ, Response(200, {}, body))
    assert caught.value.__cause__ is None


def test_a_label_of_json_over_something_else_is_a_lost_answer() -> None:
    with pytest.raises(Unanswered):
        content(READ, Response(200, {"content-type": "application/json; charset=utf-8"}, b"st-1"))
