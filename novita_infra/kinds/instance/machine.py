"""The daily life of an instance."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

from novita_infra.account.jobs import MOVE, SAVE_IMAGE
from novita_infra.account.metric_series import series_in, series_request
from novita_infra.api.json_values import filled, int_of, object_of, text_of
from novita_infra.kinds.call import Call
from novita_infra.kinds.instance import calls
from novita_infra.kinds.instance.timing import TIMES
from novita_infra.kinds.machine import ActionJob, Login, Machine, MachineAction, MachineMetrics
from novita_infra.kinds.toolkit.image_saves import TAG_HINT, save_request, untagged
from novita_infra.model.resources import STABLE, Live, Phase


def _product(live: Live) -> str:
    name = text_of(live.outputs.get("productName")) or text_of(object_of(live.values.get("product")).get("name"))
    count = int_of(live.values.get("gpuCount")) or 1
    return f"{count} x {name}" if name and count > 1 else name


def _place(live: Live) -> str:
    return text_of(live.outputs.get("clusterName")) or text_of(live.values.get("cluster"))


def _login(live: Live) -> Login | None:
    host, port = text_of(live.outputs.get("sshHost")), int_of(live.outputs.get("sshPort"))
    words = text_of(live.outputs.get("sshCommand")).split()
    user = next((word.partition("@")[0] for word in words if word.endswith(f"@{host}")), "root")
    return Login(host, port, user) if host and port else None


def _unsubscribed(live: Live) -> str:
    """Why it cannot be renewed."""
    return "" if live.values.get("billingMode") == "monthly" else "it is no monthly subscription"


_RUNS: Final = frozenset({Phase.READY})
_RESTS: Final = frozenset({Phase.STOPPED})

START: Final = Call(
    name="start",
    summary="start: the container starts; fails where nothing is free for it any more",
    usual_seconds=30,
    request=calls.start,
    allowed_phases=_RESTS,
)
STOP: Final = Call(
    name="stop",
    summary="stop: the container stops; its root disk is kept, and charged beyond its free size",
    usual_seconds=20,
    request=calls.stop,
    final_phases=_RESTS,
    allowed_phases=_RUNS,
    losses=calls.stop_losses,
)
_RESTART: Final = Call(
    name="restart",
    summary="restart: the container starts again",
    request=calls.restart_container,
    allowed_phases=_RUNS,
    took_effect=calls.on_its_way,
)
_MIGRATE: Final = Call(
    name="migrate",
    summary="migrate: it is moved to another node, without the data on its own disks",
    request=calls.move_to_other_node,
    final_phases=STABLE,
    losses=calls.delete_losses,
    took_effect=calls.on_its_way,
)
_SAVE_IMAGE: Final = Call(
    name="save-image",
    summary="save-image: a job saves the root disk; network storages are not in the image",
    request=lambda target: save_request(
        target.id, text_of(target.spec.get("image")), auth=text_of(target.spec.get("registryAuth"))
    ),
    final_phases=frozenset(),
    allowed_phases=_RUNS,
)
_RENEW: Final = Call(
    name="renew",
    summary="renew: buys the months",
    request=calls.buy_months,
    final_phases=STABLE,
    took_effect=calls.end_moved,
)

MACHINE: Final = Machine(
    product=_product,
    place=_place,
    login=_login,
    metrics=MachineMetrics(request=series_request, read=series_in),
    times=TIMES,
    actions={
        "start": MachineAction(call=START, done="started", sets={"power": "running"}),
        # A machine whose image cannot be pulled is charged, too.
        "stop": MachineAction(
            call=replace(STOP, allowed_phases=_RUNS | {Phase.FAILED}), done="stopped", sets={"power": "stopped"}
        ),
        "restart": MachineAction(call=_RESTART, done="restarted"),
        "migrate": MachineAction(call=_MIGRATE, done="moved to another node", job=ActionJob(type=MOVE, lasts=3600)),
        "save-image": MachineAction(
            call=_SAVE_IMAGE,
            done="saved as an image",
            saves=lambda image, auth: filled({"image": image, "registryAuth": auth}),
            misnamed=lambda image: f"{fault}; {TAG_HINT}" if (fault := untagged(image)) else "",
            job=ActionJob(type=SAVE_IMAGE, lasts=math.inf, is_same=lambda job, spec: job.image == spec.get("image")),
        ),
        "renew": MachineAction(
            call=_RENEW, done="renewed", buys=lambda months: {"months": months}, refusal=_unsubscribed
        ),
    },
)
