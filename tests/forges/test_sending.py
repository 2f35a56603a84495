"""Requests to a forge: pauses, limits, lost answers, pages and files, and what never leaves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from forges import NOW, Fault, SimulatedForge, simulated_forge

from novita_infra.forges.forge import ForgeRefusal, PostUnanswered
from novita_infra.forges.sending import ForgeAccess, ForgeClient
from novita_infra.model.diagnostics import Problems

REPO = "/repos/team/fleet"


@pytest.fixture
def forge() -> Iterator[SimulatedForge]:
    with simulated_forge("github") as forge:
        yield forge


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def client(forge: SimulatedForge, pauses: list[float]) -> ForgeClient:
    headers = {"Authorization": f"Bearer {forge.token}"}
    access = ForgeAccess("GitHub", forge.address, headers, token=forge.token, variable="GITHUB_TOKEN")
    return ForgeClient(access, sleep=pauses.append)


def test_a_forge_that_limits_requests_is_asked_again_when_it_says(
    client: ForgeClient, forge: SimulatedForge, pauses: list[float]
) -> None:
    request = forge.open_request("a" * 40)
    limited = "You have exceeded a secondary rate limit"
    forge.faults += [
        Fault("GET .*", 429, {"Retry-After": "7"}),
        Fault("GET .*", 403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(NOW + 11)}),
        Fault("GET .*", 403, body=f'{{"message": "{limited}"}}'),
        Fault("GET .*", 502),
        Fault("GET .*"),
    ]
    assert client.get(f"{REPO}/pulls/{request.number}")["number"] == request.number
    assert pauses == [7.0, 11.0, 60.0, 8.0, 16.0]


def test_a_limit_that_lasts_long_ends_the_command_with_the_time(
    client: ForgeClient, forge: SimulatedForge, pauses: list[float]
) -> None:
    forge.faults.append(Fault(".*", 403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(NOW + 1800)}))
    with pytest.raises(Problems, match="takes no more requests of this token for 30 minutes"):
        client.get(f"{REPO}/pulls/1")
    assert pauses == []


def test_a_forge_out_of_order_is_asked_six_times(client: ForgeClient, forge: SimulatedForge) -> None:
    forge.faults += [Fault(".*", 503, body='{"message": "no server is available"}')] * 6
    with pytest.raises(Problems, match="cannot be reached: it answered 503: no server is available"):
        client.get(f"{REPO}/pulls/1")
    assert len(forge.calls) == 6


@pytest.mark.parametrize("status", [0, 502])
def test_a_post_that_may_be_carried_out_is_not_sent_again(
    client: ForgeClient, forge: SimulatedForge, status: int
) -> None:
    request = forge.open_request("a" * 40)
    forge.faults.append(Fault("POST .*", status, carried_out=True))
    with pytest.raises(PostUnanswered):
        client.send("POST", f"{REPO}/issues/{request.number}/comments", {"body": "text"})
    assert len(request.comments) == 1


def test_a_post_that_a_limit_refused_is_sent_again(client: ForgeClient, forge: SimulatedForge) -> None:
    request = forge.open_request("a" * 40)
    forge.faults.append(Fault("POST .*", 429, {"Retry-After": "1"}))
    client.send("POST", f"{REPO}/issues/{request.number}/comments", {"body": "text"})
    assert len(request.comments) == 1


def test_every_page_of_a_list_is_read(client: ForgeClient, forge: SimulatedForge) -> None:
    request = forge.open_request("a" * 40)
    for number in range(35):
        forge.comment(request, "ada", f"comment {number}")
    found = [item["body"] for item in client.pages(f"{REPO}/issues/{request.number}/comments")]
    assert found == [f"comment {number}" for number in range(35)]


def test_a_next_page_on_another_server_does_not_get_the_token(client: ForgeClient, forge: SimulatedForge) -> None:
    link = {"Link": '<http://evil.example/repos/x>; rel="next"'}
    forge.faults.append(Fault(".*", 200, link, body='[{"a": 1}]'))
    with pytest.raises(Problems, match=r"sends to another server for the next page: evil\.example"):
        list(client.pages(f"{REPO}/issues"))


def test_a_file_elsewhere_is_fetched_without_the_token(client: ForgeClient, forge: SimulatedForge) -> None:
    request = forge.open_request("a" * 40)
    kept = forge.keep("plan", {"a.niplan": b"plan"}, request)
    assert client.fetch(f"{REPO}/actions/artifacts/{kept.id}/zip").startswith(b"PK")


def test_an_answer_without_end_is_cut_off(client: ForgeClient, forge: SimulatedForge) -> None:
    forge.faults.append(Fault(".*", 200, body="x" * 2_000_000))
    with pytest.raises(Problems, match="an answer of GitHub is larger than 1 MB"):
        client.fetch("/store/1", most=1 << 20)


@pytest.mark.parametrize("body", ["", "[", "[" * 100_000, "null", '"text"', "42"])
@pytest.mark.parametrize("status", [200, 404, 422])
def test_an_answer_that_is_no_json_is_a_message(
    client: ForgeClient, forge: SimulatedForge, status: int, body: str
) -> None:
    forge.faults.append(Fault(".*", status, body=body))
    with pytest.raises(Problems, match=r"something that is no (JSON|object)" if status == 200 else f"({status})"):
        client.get(f"{REPO}/pulls/1")


def test_a_token_that_the_forge_repeats_is_hidden(client: ForgeClient, forge: SimulatedForge) -> None:
    used, forge.token = forge.token, "another"
    with pytest.raises(ForgeRefusal) as refused:
        client.get(f"{REPO}/pulls/1")
    assert "(401)" in str(refused.value)
    assert "Bearer (secret)" in str(refused.value)
    assert used not in str(refused.value)
