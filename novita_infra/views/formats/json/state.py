"""The state, its records and the outputs as JSON, in Terraform's state representation. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from novita_infra.model.records import Record
from novita_infra.model.values import Value
from novita_infra.state.state import State
from novita_infra.views.content.drift import adopted_of
from novita_infra.views.formats.json.drift import adopted_json
from novita_infra.views.formats.json.values import Json, output_json, resource, root_module, shown_json, values

STATE_FORMAT: Final = "1.0"


def state_json(state: State) -> Json:
    """The state in Terraform's state representation."""
    return {
        "format_version": STATE_FORMAT,
        "values": {
            "outputs": {name: output_json(value) for name, value in sorted(state.outputs.items())},
            "root_module": root_module(record_json(state.records[address]) for address in sorted(state.records)),
        },
        "novita": {
            "project": state.project,
            "environment": state.environment,
            "cloud": state.cloud,
            "lineage": state.lineage,
            "serial": state.serial,
        },
    }


def record_json(record: Record) -> Json:
    """One record as a resource of Terraform's state representation."""
    known = {**record.outputs, **values(record.id, record.spec)}
    return {
        **resource(record.address, known),
        "depends_on": [str(address) for address in record.needs],
        "novita": {
            "choice": dict(record.choice),
            "outputs": shown_json(dict(record.outputs)),
            "protect": record.protect,
            "recreate": record.recreate_reason,
            "retired": list(record.retired),
            "labels": dict(record.labels),
            "source": record.source,
            "underway": record.pending
            and {
                "call": record.pending.call,
                "since": record.pending.since,
                "ended": record.pending.ended,
            },
            "adopted": adopted_json(adopted_of(record)),
        },
    }


def outputs_json(outputs: Mapping[str, Value]) -> Json:
    """Like `terraform output -json`."""
    return {name: output_json(value) for name, value in sorted(outputs.items())}
