"""The fixture for the tests of other projects, as such a project meets it: in a pytest of its own."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.process

pytest_plugins = ["pytester"]

FIRST = """
import urllib.request, json
import pytest
from novita_infra.testing.pytest_plugin import NovitaSim

V1 = "/gpu-instance/openapi/v1/"
MACHINE = {"name": "m", "productId": "4090.16c62g", "gpuNum": 1, "rootfsSize": 60, "imageUrl": "a/b:1", "kind": "gpu"}


def call(sim: NovitaSim, path: str, body: object = None) -> object:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(sim.url + V1 + path, data=data, headers={"Authorization": f"Bearer {sim.key}"})
    return json.loads(urllib.request.urlopen(request).read())


@pytest.mark.novita_sim(time_scale=0)
def test_time_stands_still_until_it_is_moved(novita_sim: NovitaSim) -> None:
    key = call(novita_sim, "gpu/instance/create", MACHINE)["id"]
    assert call(novita_sim, f"gpu/instance?instanceId={key}")["status"] != "running"
    before = novita_sim.advance(0)
    assert novita_sim.advance(100) == before + 100
    assert call(novita_sim, f"gpu/instance?instanceId={key}")["status"] == "running"
    assert [one["id"] for one in novita_sim.objects("instances")] == [key]
    assert novita_sim.state()["money"]["spent"] > 0


def test_each_test_has_a_world_of_its_own_and_time_runs(novita_sim: NovitaSim) -> None:
    assert novita_sim.objects("instances") == []
    assert novita_sim.calls == {}
    begun = novita_sim.advance(0)
    while novita_sim.advance(0) == begun:
        pass
    assert novita_sim.environ == {"NOVITA_API_URL": novita_sim.url, "NOVITA_API_KEY": novita_sim.key}


@pytest.mark.novita_sim(scenario="no-stock", seed=7, profile="strict")
def test_a_named_day(novita_sim: NovitaSim) -> None:
    assert {one["inventoryState"] for one in call(novita_sim, "products")["data"]} == {"none"}
    assert (novita_sim.state()["seed"], novita_sim.state()["profile"]) == (7, "strict")


@pytest.mark.novita_sim(scenario="mine.scenario.yaml")
def test_a_scenario_file_beside_the_test(novita_sim: NovitaSim) -> None:
    with pytest.raises(urllib.error.HTTPError, match="418"):
        call(novita_sim, "clusters")


@pytest.mark.novita_sim(scenario={"name": "x", "says": "y", "faults": [{"status": 418}]})
def test_a_scenario_in_place(novita_sim: NovitaSim) -> None:
    with pytest.raises(urllib.error.HTTPError, match="418"):
        call(novita_sim, "clusters")


def test_faults_to_order(novita_sim: NovitaSim) -> None:
    novita_sim.fault(kind="status", status=503, count=0, operation="clusters.*")
    for _ in range(2):
        with pytest.raises(urllib.error.HTTPError, match="503"):
            call(novita_sim, "clusters")
    novita_sim.clear_faults()
    assert call(novita_sim, "clusters")["data"]
    assert novita_sim.calls == {"clusters.list": 3}
    with pytest.raises(ValueError, match="kind"):
        novita_sim.fault(kind="odd")
"""
WRONG = """
import pytest

@pytest.mark.novita_sim(cheese=1)
def test_a(novita_sim): ...

@pytest.mark.novita_sim(scenario="kaos")
def test_b(novita_sim): ...

@pytest.mark.novita_sim(profile="odd")
def test_c(novita_sim): ...
"""
UNUSED = """
import sys

def test_nothing_dear_is_imported_for_a_test_that_does_not_ask():
    assert not {"starlette", "uvicorn", "yaml", "novita_infra.simulator"} & set(sys.modules)
"""
STRICT = ("-p", "no:cacheprovider", "-p", "no:schemathesis", "-p", "no:hypothesispytest", "--strict-markers")


def run(pytester: pytest.Pytester, *words: str) -> pytest.RunResult:
    """In a process of its own: some of what is imported cannot be imported twice in one."""
    return pytester.runpytest_subprocess(*STRICT, *words)


def test_the_fixture_serves_a_simulator_that_the_test_bends(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(FIRST)
    (pytester.path / "mine.scenario.yaml").write_text("name: x\nsays: y\nfaults: [{status: 418}]\n")
    run(pytester, "-W", "error").assert_outcomes(passed=6)


def test_a_wrong_marker_is_reported_where_it_is_used(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(WRONG)
    result = run(pytester)
    result.assert_outcomes(errors=3)
    text = result.stdout.str()
    assert "@pytest.mark.novita_sim: " in text
    assert "cheese" in text
    assert 'did you mean "chaos"' in text
    assert "there is no profile 'odd'" in text


def test_who_does_not_use_it_does_not_pay_for_it(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(UNUSED)
    run(pytester, "-W", "error").assert_outcomes(passed=1)


def test_it_can_be_left_out(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_a(): ...\ndef test_b(novita_sim): ...")
    result = run(pytester, "-p", "no:novita_sim")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines("*fixture 'novita_sim' not found*")


def test_its_marker_is_among_those_that_pytest_lists(pytester: pytest.Pytester) -> None:
    run(pytester, "--markers").stdout.fnmatch_lines("@pytest.mark.novita_sim(scenario,*")
