"""Policies over whole journeys: what they deny is not applied, however the plan comes to be applied."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import tftest
from plan_shapes import checked_json
from rego import evaluated
from rig import Rig

from novita_infra.api.awaited import AwaitedCalls
from novita_infra.model.diagnostics import EXIT_REFUSED, Problems
from novita_infra.model.rules import Judge, Policy
from novita_infra.planning.plan.review import Review
from novita_infra.policies.running import judge_plan
from novita_infra.views.content.lines import plain
from novita_infra.views.plan_lines.plan import plan_lines

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "policies"
REGO = EXAMPLE / "policies" / "terraform.rego"
STORAGE = ("NetworkStorage", "data", {"cluster": "us-ca-nas-2", "sizeGb": 20})
MACHINE = ("Instance", "trainer", {"product": {"gpu": "RTX 4090"}, "image": "nginx:1", "ports": ["22/tcp"]})


def _policies(rig: Rig, *policies: dict[str, Any], **environments: list[dict[str, Any]]) -> None:
    rig.write(
        "novita-infra.yaml",
        {
            "apiVersion": "novita-infra/v1",
            "kind": "Project",
            "metadata": {"name": "rig"},
            "policies": list(policies),
            "environments": {name: {"policies": own} for name, own in environments.items()},
        },
    )


def _python(rig: Rig, name: str, code: str) -> dict[str, Any]:
    """A policy of a few lines: `plan` is what it was given, `say` what it answers with."""
    rig.write(name, f"import json, sys\nplan = json.load(sys.stdin)\nsay = lambda x: print(json.dumps(x))\n{code}\n")
    return {"file": name}


class Programs(AwaitedCalls):
    """What is awaited, with the names of all programs that ran."""

    def __init__(self) -> None:
        super().__init__(lambda: 0.0, quiet_until=lambda: 0.0)
        self.names: list[str] = []

    @contextmanager
    def program(self, name: str) -> Iterator[None]:
        self.names.append(name)
        with super().program(name):
            yield


def test_a_policy_is_awaited_by_its_name_while_it_runs(rig: Rig) -> None:
    _policies(
        rig, {**_python(rig, "one.py", "say({})"), "name": "one"}, {**_python(rig, "two.py", "1 / 0"), "name": "two"}
    )
    awaited, review = Programs(), rig.plan()
    judging = judge_plan(rig.project(), review, environ=rig.environ, awaited=awaited, shown=lambda _: {})
    assert len(rig.clock.run(judging).verdicts) == 2
    assert awaited.names == ["the policy one", "the policy two"]
    assert awaited.reason() == ""


def _text_of(plan: Review) -> list[str]:
    return [str(item) for item in plan.problems]


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    rig = Rig(tmp_path)
    rig.declare(STORAGE)
    return rig


NO_DELETES = """
say({"deny": [
    {"address": item["address"], "reason": "nothing is deleted here"}
    for item in plan["resource_changes"] if "delete" in item["change"]["actions"]
]})
"""


def test_a_plan_denied_by_a_policy_is_refused_with_address_and_reason(rig: Rig) -> None:
    rig.apply()
    _policies(rig, _python(rig, "policies/stay.py", NO_DELETES))
    plan = rig.plan(destroys=True)
    assert 'network_storage.data: denied by the policy "stay": nothing is deleted here' in _text_of(plan)
    assert plan.code == EXIT_REFUSED
    before = rig.live_ids()
    with pytest.raises(AssertionError, match="nothing is deleted here"):
        rig.destroy()
    assert rig.live_ids() == before
    rig.assert_converged()


def test_what_is_allowed_is_applied_and_the_policies_are_in_the_plan(rig: Rig) -> None:
    _policies(rig, _python(rig, "policies/stay.py", NO_DELETES))
    plan = rig.plan()
    assert [item.policy.name for item in plan.verdicts] == ["stay"]
    (message,) = checked_json(plan)["novita"]["policies"]
    assert (message["name"], message["outcome"], message["deny"]) == ("stay", "passed", [])
    rig.apply()
    rig.assert_converged()


def test_a_warning_of_a_policy_is_reported_and_stops_nothing(rig: Rig) -> None:
    _policies(rig, _python(rig, "warns.py", 'say({"warn": [{"address": "network_storage.data", "reason": "large"}]})'))
    plan = rig.plan()
    assert [str(item) for item in plan.notes] == ['network_storage.data: the policy "warns" warns: large']
    assert checked_json(plan)["novita"]["policies"][0]["outcome"] == "warned"
    rig.apply()


BROKEN = {
    "crashes": ("raise SystemExit(3)", "it ended with exit code 3"),
    "raises": ("raise ValueError('no such table')", "it ended with exit code 1: raises.py, line 4: ValueError: no"),
    "misspells": ("oops 'ys.stdin", "exit code 1: misspells.py, line 4: SyntaxError: unterminated"),
    "reads-wrong": ("json.loads('{')", "code 1: reads-wrong.py, line 4: json.decoder.JSONDecodeError: Expecting"),
    "complains": ("print('no', 'x' * 295, '\\nand no', file=sys.stderr); sys.exit(2)", "exit code 2: and no"),
    "complains-twice": ("print('no\\n  and no', file=sys.stderr); sys.exit(2)", "exit code 2: no | and no"),
    "dies": ("import os; os.kill(os.getpid(), 9)", "it was ended by SIGKILL"),
    "rambles": ("print('looks good to me')", "what it printed is no verdict: it is no JSON"),
    "says-nothing": ("pass", "it printed nothing; a policy prints"),
    "says-something-else": ("say({'allowed': True})", "what it printed is no verdict"),
    "fails-after-a-word": ("say({'warn': ['x']}); sys.exit(1)", "it ended with exit code 1"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_policy_without_a_verdict_denies_by_its_name(rig: Rig, name: str) -> None:
    code, why = BROKEN[name]
    _policies(rig, _python(rig, f"{name}.py", code))
    plan = rig.plan()
    (message,) = _text_of(plan)
    assert message.startswith("novita-infra.yaml:")
    assert f'the policy "{name}" gave no verdict: ' in message
    assert why in message
    assert plan.code == EXIT_REFUSED
    _policies(rig, {**_python(rig, f"{name}.py", code), "onError": "warn"})
    plan = rig.plan()
    assert plan.problems == ()
    assert any(why in item.summary for item in plan.notes)
    rig.apply()


def test_a_policy_that_takes_too_long_denies(rig: Rig) -> None:
    _policies(rig, {**_python(rig, "slow.py", "import time; time.sleep(600)"), "timeout": "1s"})
    (message,) = _text_of(rig.plan())
    assert 'the policy "slow" gave no verdict: it took more than 1 s' in message


def test_a_policy_that_is_not_there_denies(rig: Rig) -> None:
    _policies(
        rig, {"run": "policies/gone.sh"}, {"file": "none.py"}, {"schema": "no.json"}, {"run": ["no-such-program"]}
    )
    message = _text_of(rig.plan())
    assert len(message) == 4
    assert [item for item in message if "gave no verdict: there is no" not in item] == []


def test_a_program_is_run_with_its_arguments_in_the_projects_folder(rig: Rig) -> None:
    rig.write("policies/judge.sh", '#!/bin/sh\ncat > /dev/null\nprintf \'["%s in %s"]\' "$1" "${PWD##*/}"\n')
    _policies(rig, {"run": ["policies/judge.sh", "said so"], "name": "judge"})
    (message,) = _text_of(rig.plan())
    assert "not executable" in message
    (rig.folder / "policies" / "judge.sh").chmod(0o755)
    (message,) = _text_of(rig.plan())
    assert message == f'denied by the policy "judge": said so in {rig.folder.name}'


def test_all_policies_are_asked_and_an_environment_adds_its_own(rig: Rig) -> None:
    everywhere = _python(rig, "one.py", "say(['one'])")
    _policies(rig, everywhere, prod=[_python(rig, "two.py", "say(['two'])")], default=[])
    assert len(_text_of(rig.plan())) == 1
    rig.environment = "prod"
    assert _text_of(rig.plan()) == ['denied by the policy "one": one', 'denied by the policy "two": two']


def test_no_secret_reaches_a_policy(tmp_path: Path) -> None:
    secrets = {
        "NOVITA_API_KEY": "sk_clear",
        "HF_TOKEN": "hf-clear",
        "PLAINLY": "db-clear",
        "DATABASE": "postgres://app:db-clear@db.example.com/app",
        "OTHER_NAME": "sk_clear",
        "HEADER": "Bearer sk_clear",
        "NOVITA_INFRA_VAR_x": "v-clear",
    }
    rig = Rig(tmp_path, environ={"PATH": "/usr/bin:/bin", **secrets})
    env = {"HF_TOKEN": {"fromEnv": "HF_TOKEN"}, "DB": {"fromEnv": "PLAINLY"}}
    rig.declare(("Instance", "trainer", {"product": {"gpu": "RTX 4090"}, "image": "nginx:1", "env": env}))
    code = "import os; open('seen.txt', 'w').write(json.dumps([plan, dict(os.environ)])); say([])"
    _policies(rig, _python(rig, "curious.py", code))
    rig.apply()
    seen = (tmp_path / "seen.txt").read_text(encoding="utf-8")
    assert "(secret)" in seen
    assert [text for text in secrets.values() if text in seen] == []
    assert "/usr/bin:/bin" in seen


def test_no_secret_that_a_policy_says_is_shown(tmp_path: Path) -> None:
    """A policy may find a secret by itself: in a file, or in a text of the plan."""
    secrets = {"NOVITA_API_KEY": "sk_clear-9", "PLAINLY": "db-clear-9", "CI_TOKEN": "ci-clear-9"}
    rig = Rig(tmp_path, environ={"PATH": "/usr/bin:/bin", **secrets})
    spec = {"product": {"gpu": "RTX 4090"}, "image": "nginx:1", "env": {"DB": {"fromEnv": "PLAINLY"}}}
    rig.declare(("Instance", "trainer", spec))
    quoted = " ".join(secrets.values())
    cut = "x" * 995 + quoted
    answer = {"deny": [quoted, {"msg": cut, "address": quoted}], "warn": [f"a\nerror: {quoted}"]}
    _policies(
        rig,
        _python(rig, "speaks.py", f"say({answer!r})"),
        _python(rig, "crashes.py", f"sys.exit({'y' * 280 + quoted + 'z' * 280!r})"),
        _python(rig, "raises.py", f"raise ValueError({quoted!r})"),
    )
    review = rig.plan()
    shown = json.dumps(checked_json(review)) + plain(plan_lines(review)) + "\n".join(map(str, review.notes))
    shown += "\n".join(_text_of(review))
    assert "(secret)" in shown
    assert [text for text in ("clear-9", "sk_", "-9") if text in shown] == []
    assert len(review.notes) == 1
    assert "\n" not in str(review.notes[0])


def test_a_schema_is_a_policy_without_code(rig: Rig) -> None:
    small = {"properties": {"change": {"properties": {"after": {"properties": {"sizeGb": {"maximum": 10}}}}}}}
    rig.write("small.json", json.dumps(small))
    whole = {"properties": {"novita": {"properties": {"environment": {"const": "prod", "description": "only prod"}}}}}
    rig.write("prod.json", json.dumps(whole))
    _policies(rig, {"schema": "small.json", "of": "change"}, {"schema": "prod.json"})
    assert _text_of(rig.plan()) == [
        'network_storage.data: denied by the policy "small": change.after.sizeGb: 20 is greater than the maximum of 10',
        'denied by the policy "prod": only prod',
    ]


def test_a_policy_schema_of_the_whole_plan_reports_the_address(rig: Rig) -> None:
    whole = {"properties": {"resource_changes": {"items": {"properties": {"type": {"const": "vpc"}}}}}}
    rig.write("vpcs.json", json.dumps(whole))
    _policies(rig, {"schema": "vpcs.json"})
    (message,) = _text_of(rig.plan())
    assert message.startswith("network_storage.data: ")


def test_a_policy_schema_whose_pattern_never_ends_is_ended_in_time(rig: Rig) -> None:
    rig.declare(("NetworkStorage", "a" * 60, STORAGE[2]))
    rig.write("endless.json", json.dumps({"properties": {"name": {"pattern": "^(a+)+!$"}}}))
    _policies(rig, {"schema": "endless.json", "of": "change", "timeout": "1s"})
    (message,) = _text_of(rig.plan())
    assert "it took more than 1 s" in message


def test_what_is_no_schema_denies(rig: Rig) -> None:
    rig.write("broken.json", "{")
    rig.write("wrong.json", json.dumps({"type": "nothing-known"}))
    rig.write("elsewhere.json", json.dumps({"$ref": "https://example.com/schema.json"}))
    _policies(rig, *({"schema": f"{name}.json"} for name in ("broken", "wrong", "elsewhere")))
    message = _text_of(rig.plan())
    assert len(message) == 3
    assert all("gave no verdict" in item for item in message)


def test_policies_run_again_when_a_plan_is_applied(rig: Rig) -> None:
    _policies(rig, _python(rig, "policies/judge.py", "say([])"))
    plan = rig.plan()
    _python(rig, "policies/judge.py", "say(['not any more'])")
    with pytest.raises(AssertionError, match="not any more"):
        rig.apply(review=plan)
    assert rig.live_ids() == []


def test_a_plan_that_no_policy_has_seen_is_not_applied(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    _policies(rig, _python(rig, "judge.py", "say([])"))

    async def unjudged(_rig: Rig, _session: Any, plan: Review, _wish: Any) -> Review:
        return plan.with_verdicts(())

    monkeypatch.setattr(Rig, "_judged", unjudged)
    with pytest.raises(Problems, match="not shown to the policies judge"):
        rig.apply()
    assert rig.live_ids() == []


def test_a_policy_for_terraform_runs_unchanged(rig: Rig) -> None:
    rig.apply()
    judge = [sys.executable, str(ROOT / "tests/support/rego.py"), str(REGO), "data.main.deny"]
    _policies(rig, {"run": judge, "name": "terraform"})
    assert rig.plan().problems == ()
    rig.declare()
    rig.write(
        "main.yaml",
        {
            "apiVersion": "novita-infra/v1",
            "kind": "Template",
            "metadata": {"name": "base"},
            "spec": {"image": "nginx:1", "rootDiskGb": 20},
        },
    )
    assert 'denied by the policy "terraform": network_storage.data holds data and would be deleted' in _text_of(
        rig.plan()
    )


def test_a_whole_package_of_rego_denies_and_warns(rig: Rig) -> None:
    rig.declare(*(("Template", f"base-{number}", {"image": "nginx:1", "rootDiskGb": 20}) for number in range(11)))
    value = evaluated(REGO, "data.main", checked_json(rig.plan()))
    assert value["deny"] == []
    assert value["warn"] == ["11 resources are created at once"]


def test_two_independent_readers_of_terraforms_plans_read_ours(rig: Rig, tmp_path: Path) -> None:
    rig.declare(STORAGE, MACHINE)
    rig.apply()
    rig.declare(
        ("NetworkStorage", "data", {"cluster": "us-ca-nas-2", "sizeGb": 30}), ("VPC", "net", {"cluster": "us-ca-nas-2"})
    )
    data = checked_json(rig.plan())
    read = tftest.TerraformPlanOutput(data)
    assert set(read.resource_changes) == {"network_storage.data", "instance.trainer", "vpc.net"}
    assert read.resources["network_storage.data"]["values"]["sizeGb"] == 30
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(data), encoding="utf-8")
    command = [sys.executable, "-m", "readtheplan.cli", "analyze", "--format", "json", str(file)]
    summary = json.loads(subprocess.run(command, check=True, capture_output=True, timeout=60).stdout)
    assert summary["actions"] == {"update": 1, "delete": 1, "create": 1}
    assert {item["address"]: item["risk"] for item in summary["changes"]}["instance.trainer"] == "irreversible"


def test_the_policies_of_the_example_judge_its_fleet(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    for file in (path for path in EXAMPLE.rglob("*") if path.is_file()):
        rig.write(str(file.relative_to(EXAMPLE)), file.read_text(encoding="utf-8"))
    assert [item.verdict.deny for item in rig.plan().verdicts] == [(), ()]
    manifest = tmp_path / "fleet.yaml"
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text.replace("8888/http", "22/tcp").replace("gpuCount: 2", "gpuCount: 8"), encoding="utf-8")
    assert _text_of(rig.plan()) == [
        'instance.trainer: denied by the policy "sound_machines": port 22 is open; use the web terminal',
        'instance.trainer: denied by the policy "small-machines": more than 4 GPUs need a word',
    ]


def test_a_policy_of_the_command_judges_beside_those_of_the_project(rig: Rig) -> None:
    _policies(rig, _python(rig, "judge.py", "say(['mine'])"))
    _python(rig, "more.py", "say(['yours'])")
    more = Policy(name="more", by=Judge.FILE, words=(str((rig.folder / "more.py").resolve()),))
    same = Policy(name="judge", by=Judge.FILE, words=(str((rig.folder / "judge.py").resolve()),))
    plan = rig.plan(policies=(more, same))
    assert _text_of(plan) == ['denied by the policy "judge": mine', 'denied by the policy "more": yours']
    assert plan.verdicts[1].policy.words == ("more.py",)
