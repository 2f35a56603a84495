"""The daily life of an endpoint: its workers run the program."""

from __future__ import annotations

from novita_infra.api.json_values import int_of, object_of, text_of
from novita_infra.kinds.machine import Machine
from novita_infra.model.resources import Live
from novita_infra.model.values import Spec


def _product(live: Live) -> str:
    """What one worker is; answers hold the product's id alone (serverless-get-endpoint)."""
    id, gpus = text_of(object_of(live.values.get("product")).get("id")), int_of(live.values.get("gpuCount")) or 1
    return f"{gpus} x {id}" if id and gpus > 1 else id


def _charged(live: Live) -> Spec:
    """With the workers that exist: these are charged, from their start to their release."""
    count = len(live.workers)
    return {**live.values, "workers": {**object_of(live.values.get("workers")), "min": count, "max": count}}


MACHINE = Machine(
    product=_product,
    place=lambda live: text_of(live.values.get("cluster")),
    charged=_charged,
)
