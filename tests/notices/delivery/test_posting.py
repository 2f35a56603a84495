"""Delivery over HTTP: signatures, attempts and answers, against a real receiver on the loopback."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from receivers import Receiver, receiver
from standardwebhooks import Webhook as Oracle
from standardwebhooks import WebhookVerificationError

from novita_infra.notices.delivery.attempts import ATTEMPTS, Undelivered
from novita_infra.notices.delivery.channels import Slack, Teams, Webhook
from novita_infra.notices.delivery.delivering import deliver
from novita_infra.notices.delivery.posting import is_loopback

SECRET = f"whsec_{base64.b64encode(b'k' * 32).decode()}"
DOCUMENT: dict[str, Any] = {
    "event": "apply",
    "project": "fleet",
    "environment": "prod",
    "command": "apply",
    "time": "2026-12-01T00:00:00Z",
    "outcome": "succeeded",
    "summary": {"create": 1},
    "errors": [],
}


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


@pytest.fixture
def pauses() -> list[float]:
    return []


def test_posting_of_a_webhook_is_verified_by_the_reference_implementation(hook: Receiver) -> None:
    assert deliver(DOCUMENT, Webhook(hook.address, SECRET)) == "200"
    (message,) = hook.messages
    oracle = Oracle(SECRET)
    assert oracle.verify(message.body, message.headers) == DOCUMENT
    assert json.loads(message.body) == DOCUMENT
    with pytest.raises(WebhookVerificationError):
        oracle.verify(message.body + b" ", message.headers)


def test_posting_keeps_the_id_over_attempts_and_signs_each(hook: Receiver, pauses: list[float]) -> None:
    hook.answers = [(503, {}, b""), (429, {"Retry-After": "3"}, b""), (500, {"Retry-After": "86400"}, b"")]
    moments = iter([1_800_000_000.0 + step for step in range(9)])
    deliver(DOCUMENT, Webhook(hook.address, SECRET), sleep=pauses.append, now=lambda: next(moments))
    assert len({message.headers["webhook-id"] for message in hook.messages}) == 1
    assert len({message.headers["webhook-timestamp"] for message in hook.messages}) == 4
    assert len({message.headers["webhook-signature"] for message in hook.messages}) == 4
    assert pauses == [1.0, 3.0, 10.0]


def test_posting_ends_after_a_few_attempts(hook: Receiver, pauses: list[float]) -> None:
    hook.answers = [(500, {}, b"out of order")] * 9
    with pytest.raises(Undelivered, match="it answered 500: out of order"):
        deliver(DOCUMENT, Webhook(hook.address, SECRET), sleep=pauses.append)
    assert (len(hook.messages), len(pauses), sum(pauses) <= 30) == (ATTEMPTS, ATTEMPTS - 1, True)


def test_posting_takes_a_date_to_come_back_by_the_clock_of_the_receiver(hook: Receiver, pauses: list[float]) -> None:
    dates = ["Tue, 01 Dec 2026 00:00:07 GMT", "Mon, 30 Nov 2026 00:00:00 GMT", "soon"]
    hook.answers = [(503, {"Date": "Tue, 01 Dec 2026 00:00:00 GMT", "Retry-After": date}, b"") for date in dates]
    assert deliver(DOCUMENT, Slack(hook.address), sleep=pauses.append) == "200"
    assert pauses == [7.0, 2.0, 4.0]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_posting_takes_a_refusal_as_final(hook: Receiver, pauses: list[float], status: int) -> None:
    hook.answers = [(status, {}, b"no_service")]
    with pytest.raises(Undelivered, match=f"it answered {status}: no_service"):
        deliver(DOCUMENT, Slack(hook.address), sleep=pauses.append)
    assert (len(hook.messages), pauses) == (1, [])


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_posting_follows_no_redirect(hook: Receiver, status: int) -> None:
    with receiver() as elsewhere:
        hook.answers = [(status, {"Location": elsewhere.address}, b"")]
        with pytest.raises(Undelivered, match="redirects are not followed"):
            deliver(DOCUMENT, Webhook(hook.address, SECRET))
        assert not elsewhere.messages


def test_posting_shows_no_part_of_an_address_or_a_secret(hook: Receiver) -> None:
    path = "/services/T0/B0/canaryCANARY42"
    url = f"{hook.address}{path}"
    said = f"{url} {path} canaryCANARY42 {SECRET} {SECRET.removeprefix('whsec_')} other-canary-7 \x1b[31m\n"
    for channel in (Webhook(url, SECRET), Slack(url), Teams(url)):
        hook.answers = [(400, {}, said.encode())]
        with pytest.raises(Undelivered) as failure:
            deliver(DOCUMENT, channel, secrets={SECRET, SECRET.removeprefix("whsec_"), "other-canary-7"})
        text = str(failure.value)
        assert "canary" not in text.lower()
        assert SECRET.removeprefix("whsec_") not in text
        assert text.isprintable()
        assert url not in repr(channel)


@pytest.mark.parametrize(
    "url", ["http://hooks.example.com/x", "ftp://hooks.example.com", "hooks.example.com", "https://"]
)
def test_posting_needs_https_beyond_this_machine(url: str) -> None:
    with pytest.raises(Undelivered, match="its address"):
        deliver(DOCUMENT, Slack(url))


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_!!!", "whsec_c2hvcnQ=", "plain text"])
def test_posting_refuses_a_secret_that_no_receiver_takes(hook: Receiver, secret: str) -> None:
    with pytest.raises(Undelivered, match="whsec_ and the base64"):
        deliver(DOCUMENT, Webhook(hook.address, secret))
    assert not hook.messages


def test_posting_repeats_after_a_lost_connection(pauses: list[float]) -> None:
    with receiver() as gone:
        url = gone.address
    with pytest.raises(Undelivered):
        deliver(DOCUMENT, Slack(url), sleep=pauses.append)
    assert pauses == [1.0, 2.0, 4.0]


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("127.0.0.1.example.com", False), ("10.0.0.1", False)],
)
def test_posting_knows_the_addresses_of_this_machine(host: str, *, expected: bool) -> None:
    assert is_loopback(host) is expected
