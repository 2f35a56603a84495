"""Made-up plans and runs, and the comparison with golden files (`GOLDEN=write` writes them again)."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from novita_infra.applying.events import Ended, Outcome, Result
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.resources import Loss
from novita_infra.model.values import Digest, Ref, Secret, joined_text
from novita_infra.planning.plan.changes import Action, Change, FieldChange, Means
from novita_infra.planning.plan.findings import Finding
from novita_infra.planning.plan.plan import Basis, OutputChanges, Plan
from novita_infra.planning.plan.review import Remarks, Review
from novita_infra.planning.plan.steps import Step, action_named

CLEAR = "hunter2-in-clear"
BASIS = Basis("lineage", 3)
STORAGE = Address("network_storage", "data")
TRAINER = Address("instance", "trainer")
WORKER = Address("instance", "worker", "eu")
HUB = Address("registry_auth", "hub")
UPGRADE = "upgrade: the container restarts, data is kept"


def _fields(after: dict[str, object]) -> tuple[FieldChange, ...]:
    return tuple(FieldChange(name, None, value) for name, value in after.items())


def _step(address: Address, call: str, *after: str, says: str = "", id_: str = "") -> Step:
    return Step(f"{address}/{call}", address, action_named(call), id=id_, after=after, says=says)


def _mixed() -> Plan:
    old_env = {"LR": "1e-4", "DEBUG": "1", "HF_TOKEN": Digest("aa"), "KEEP": "x", "TOO": Digest("cc")}
    new_env = {
        "LR": "2e-4",
        "HF_TOKEN": Secret(CLEAR, "env:HF_TOKEN"),
        "KEEP": "x",
        "TOO": Digest("cc"),
        "NEW": "\x1b[31m",
    }
    made = {
        "name": "worker",
        "product": {"gpu": "RTX 4090"},
        "gpuCount": 2,
        "image": "pytorch/pytorch:2.4",
        "registryAuth": Ref(HUB),
        "env": {
            "DATA": joined_text(("/mnt/", Ref(STORAGE, "name"))),
            "TOKEN": Secret(CLEAR, "env:TOKEN"),
            "MODE": "train",
            "VERBOSE": "yes please",
        },
        "networkStorages": [{"storage": Ref(STORAGE), "mountPath": "/data"}],
        "ports": ["22/tcp", "8888/http"],
    }
    stored = {"name": "data", "cluster": "us-01", "sizeGb": 100}
    changes = (
        Change(
            Address("endpoint", "api"),
            Action.REPLACE,
            "ep-7",
            (
                FieldChange(
                    "product",
                    {"id": "p-1", "name": "RTX 4090"},
                    {"id": "p-2", "gpu": "H100"},
                    Means.of("forces replacement: an endpoint keeps its product"),
                    replaces=True,
                ),
                FieldChange("healthPath", "/health", "/ready", Means.of("update: in place")),
            ),
            before={"product": {"id": "p-1", "name": "RTX 4090"}, "healthPath": "/health"},
            after={"product": {"id": "p-2", "gpu": "H100"}, "healthPath": "/ready"},
        ),
        Change(
            TRAINER,
            Action.UPDATE,
            "i-1a2b",
            (
                FieldChange("image", "pytorch:2.3", "pytorch:2.4", Means.of(UPGRADE)),
                FieldChange("env", old_env, new_env, Means.of(UPGRADE)),
                FieldChange("ports", ["22/tcp"], ["22/tcp", "80/http"], Means.of("edit: applied in place")),
                FieldChange("command", None, "python train.py", Means.of(UPGRADE)),
                FieldChange("entrypoint", "/bin/sh", None, Means.of(UPGRADE)),
            ),
            loses=(Loss("what was written outside of /data", 80),),
            before={"image": "pytorch:2.3", "env": old_env},
            after={"image": "pytorch:2.4", "env": new_env},
        ),
        Change(WORKER, Action.CREATE, fields=_fields(made), after=made),
        Change(
            STORAGE,
            Action.CREATE,
            fields=_fields(stored),
            after=stored,
            why="the object is gone: deleted outside of novita-infra",
        ),
        Change(
            HUB,
            Action.REPLACE,
            "r-1",
            (
                FieldChange(
                    "password",
                    Digest("01"),
                    Secret(CLEAR, "env:REGISTRY_PASSWORD"),
                    Means.of("forces replacement: the API cannot change it"),
                    replaces=True,
                ),
            ),
            before={"username": "me", "password": Digest("01")},
            after={"username": "me", "password": Secret(CLEAR, "env:REGISTRY_PASSWORD")},
            create_first=True,
        ),
        Change(
            Address("template", "base"),
            Action.UPDATE,
            "t-9",
            (
                FieldChange(
                    "readme", "# Base\n\nOne\nTwo\n", "# Base\n\nOne\nThree\nFour\n", Means.of("update: in place")
                ),
                FieldChange(
                    "ports",
                    [f"{port}/http" for port in range(8000, 8008)],
                    [f"{port}/http" for port in range(8001, 8009)],
                    Means.of("update: in place"),
                ),
            ),
            before={"readme": "# Base\n\nOne\nTwo\n"},
            after={"readme": "# Base\n\nOne\nThree\nFour\n"},
        ),
        Change(Address("vpc", "gone"), Action.FORGET, "v-0", why="no longer declared, and the object is already gone"),
        Change(Address("vpc", "net"), Action.NONE, "v-1", before={"name": "net"}, after={"name": "net"}),
        Change(
            Address("vpc", "old"),
            Action.DELETE,
            "v-2",
            why="no longer declared",
            loses=(Loss("what is on its disk"),),
            before={"name": "old"},
        ),
        Change(
            Address("vpc", "taken"),
            Action.ADOPT,
            "v-3",
            why="an earlier create of vpc.taken whose answer was lost made v-3",
            before={"name": "taken"},
            after={"name": "taken"},
        ),
        Change(
            Address("vpc", "slow"),
            Action.RESUME,
            "v-4",
            why="create is still under way",
            before={"name": "slow"},
            after={"name": "slow"},
        ),
    )
    steps = (
        _step(STORAGE, "create"),
        replace(_step(TRAINER, "upgrade", says=UPGRADE, id_="i-1a2b"), fields=("image", "env")),
        _step(WORKER, "create", f"{STORAGE}/create"),
        _step(Address("vpc", "old"), "delete", id_="v-2"),
    )
    return Plan(
        "training",
        "dev",
        changes,
        steps,
        BASIS,
        outputs=OutputChanges(
            after={
                "url": Ref(Address("endpoint", "api"), "url"),
                "count": 2,
                "token": Secret(CLEAR, "env:TOKEN"),
                "same": "x",
            },
            before={"count": 1, "old": "x", "same": "x"},
            changed=("count", "old", "token", "url"),
        ),
    )


def _unchanged() -> Plan:
    vpc = Change(Address("vpc", "net"), Action.NONE, "v-1", before={"name": "net"}, after={"name": "net"})
    more = [Change(Address("vpc", f"net{number}"), Action.NONE, f"v-{number}") for number in range(2, 13)]
    return Plan("training", "dev", (vpc, *more), (), BASIS, outputs=OutputChanges({"a": 1}, before={"a": 1}))


def _refused() -> Review:
    why = "a storage cannot shrink; make a smaller one beside it"
    change = Change(
        STORAGE,
        Action.REFUSED,
        "s-1",
        (FieldChange("sizeGb", 100, 50, Means.of(f"refused: {why}")),),
        before={"sizeGb": 100},
        after={"sizeGb": 50},
    )
    message = Diagnostic(f"sizeGb: {why}", address=str(STORAGE))
    plan = Plan("training", "dev", (change,), (), BASIS)
    return Review(plan, checks=Remarks((Finding(message, 5),)))


def _destroyed() -> Plan:
    change = Change(
        STORAGE,
        Action.DELETE,
        "s-1",
        loses=(Loss("all that is on the network storage", 100, lasting=True),),
        before={"sizeGb": 100},
    )
    return Plan(
        "training",
        "dev",
        (change,),
        (_step(STORAGE, "delete", id_="s-1"),),
        BASIS,
        destroys=True,
        outputs=OutputChanges(before={"url": "https://x"}, changed=("url",)),
    )


_REVIEWS: dict[str, Callable[[], Review]] = {
    "mixed": lambda: Review(_mixed()),
    "unchanged": lambda: Review(_unchanged()),
    "refused": _refused,
    "destroyed": lambda: Review(_destroyed()),
}


@pytest.fixture
def plan_of() -> Callable[[str], Review]:
    """The review of a made-up plan by its name."""
    return lambda name: _REVIEWS[name]()


@pytest.fixture
def clear() -> str:
    """What must be seen nowhere."""
    return CLEAR


@pytest.fixture
def result_of() -> Callable[[str], Result]:
    """A made-up run of the mixed plan: `done`, `failed` or `interrupted`."""

    def make(name: str) -> Result:
        plan = _mixed()
        storage, trainer, worker, vpc = plan.steps
        if name == "done":
            return Result.of(plan, tuple(Ended(step, Outcome.DONE, step.id or "new", 3.0) for step in plan.steps))
        failed = Ended(
            trainer,
            Outcome.FAILED,
            "i-1a2b",
            4.0,
            "POST /x: INSUFFICIENT_RESOURCE: none left (HTTP 400); try again later",
            log=("loading", "CUDA out of memory"),
        )
        skipped = Ended(worker, Outcome.SKIPPED, reason=f"{STORAGE}/create failed")
        moving = Ended(storage, Outcome.MOVING, "s-9", 65.0, "creating when the run was interrupted")
        first = moving if name == "interrupted" else Ended(storage, Outcome.DONE, "s-9", 3.0)
        return Result.of(
            plan, (first, failed, skipped, Ended(vpc, Outcome.DONE, "v-2", 2.0)), interrupted=name == "interrupted"
        )

    return make


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compares a text with the golden file of that name."""

    def check(name: str, text: str) -> None:
        path = Path(__file__).parent / "golden" / name
        if os.environ.get("GOLDEN") == "write":
            path.write_text(text, encoding="utf-8")
        again = "if the text is right, run this test with GOLDEN=write"
        assert path.exists(), again
        assert text == path.read_text(encoding="utf-8"), again

    return check
