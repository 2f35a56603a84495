"""Months are bought once: the run after one that died at a purchase finds out, whatever else it has to do.

No answer of the API says how many months were bought, so only the state can.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rig import Rig

from novita_infra.simulator import Fault, Trouble

MACHINE: dict[str, Any] = {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04"}
MONTHLY = {**MACHINE, "billingMode": "monthly"}
RENEWS = {"autoRenew": {"enabled": True, "months": 2}}


def bought(rig: Rig) -> int:
    id = rig.record("instance.it").id
    return sum(payment.months for payment in rig.world.payments if payment.owner == id)


def declared(rig: Rig, spec: dict[str, Any]) -> None:
    rig.declare(("Instance", "it", spec))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(MACHINE, {**MONTHLY, "months": 2, **RENEWS}, id="convert"),
        pytest.param({**MONTHLY, "months": 1}, {**MONTHLY, "months": 2, **RENEWS}, id="renew"),
    ],
)
def test_a_resumed_run_keeps_the_months_that_the_killed_run_bought(
    before: dict[str, Any], after: dict[str, Any], tmp_path: Path
) -> None:
    rig = Rig(tmp_path)
    declared(rig, before)
    rig.apply()
    declared(rig, after)
    assert rig.crash(at_write=0, after_effect=True)
    assert bought(rig) == 2
    rig.apply()
    rig.assert_converged()
    assert bought(rig) == 2
    assert rig.record("instance.it").spec["months"] == 2


def test_after_a_killed_renewal_only_the_missing_months_are_bought(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    declared(rig, {**MONTHLY, "months": 1})
    rig.apply()
    declared(rig, {**MONTHLY, "months": 2})
    assert rig.crash(at_write=0, after_effect=True)
    declared(rig, {**MONTHLY, "months": 3})
    rig.apply()
    rig.assert_converged()
    assert bought(rig) == 3


@pytest.mark.parametrize("skip", range(4))
def test_a_deleted_object_that_a_list_still_shows_is_not_what_a_create_made(skip: int, tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.world.faults.add(Fault(kind=Trouble.STALE, operation="none"))  # the simulator keeps the past from now on
    rig.declare(("RegistryAuth", "a", {"username": "u", "password": "p"}))
    rig.apply()
    deleted = rig.record("registry_auth.a").id
    rig.clock.run(rig.clock.sleep(60))
    rig.destroy()
    rig.world.faults.add(Fault(kind=Trouble.STALE, operation="registry_auths.list", seconds=20, skip=skip, count=1))
    rig.apply()
    assert rig.record("registry_auth.a").id != deleted
    rig.world.faults.clear()
    rig.assert_converged()
