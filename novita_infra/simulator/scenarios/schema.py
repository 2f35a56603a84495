"""The published JSON Schema of scenario files, generated from the request schemas, with a sentence for each field.

`python -m novita_infra.simulator.scenarios.schema FOLDER` writes it. It does not validate.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Final, TypeAlias

from novita_infra.simulator.faults.parsing import FAULT
from novita_infra.simulator.request_schema import Fields
from novita_infra.simulator.scenarios.model import EACH, EVENT, NEEDED, QUIRKS, SCENARIO
from novita_infra.simulator.world.engine.settings import Limits, Timings

Schema: TypeAlias = dict[str, Any]

NAME: Final = "scenario.json"
"""The file in `schemas/`."""

_OF_SCENARIO: Final = {
    "name": "The name. An account records by it which events have happened.",
    "says": "One sentence of description.",
    "limits": "The limits of the account.",
    "timings": "Durations, in simulated seconds.",
    "quirks": "Where the behaviour differs from the profile.",
    "statusWords": "Other words for the statuses of instances, by the documented words.",
    "unpullable": "Patterns over the names of images that cannot be pulled.",
    "faults": "Faults that requests meet, in force all the time.",
    "events": "Events, and when they happen.",
}
_OF_EVENT: Final = {
    "at": "Simulated seconds after the start of the scenario.",
    "upon": "A pattern over operations. The event happens when such a call succeeds, instead of at a time.",
    "nth": "Which of those calls triggers the event; 0 is each.",
    "after": "Simulated seconds between the call and the event.",
    "every": "Simulated seconds between repetitions; 0 is once.",
    "do": "The act of the event.",
    "product": "Of stock and price: a pattern over the ids of products.",
    "cluster": "Of stock: a pattern over the ids of clusters.",
    "places": "Of stock: the number of places from now on; without it, the number in the catalogue.",
    "perCent": "Of price: per cent of the price in the catalogue. Of several values, one is drawn for each product.",
    "kind": "Of stick: the type of the objects.",
    "name": "A pattern over the names of the objects.",
    "status": "Of stick: only objects with this status at that time.",
    "operation": "Of call: the operation that another user calls.",
    "each": "Of call: the objects for each of which the operation is called; $id in the body is the id of the object.",
    "times": "Of call: the number of calls; $n in the body counts from 1.",
    "body": "Of call: the body of the request, as on the page of the operation.",
    "set": "Of limits: the limits that change.",
    "left": "Of balance: the new balance, in 1/100000 USD.",
    "amount": "Of topUp: the amount, in 1/100000 USD.",
    "fault": "Of fault: the fault that is in force from then on.",
}
_OF_EACH: Final = {"kind": "The type of the objects.", "name": "A pattern over the names of the objects."}
_OF_FAULT: Final = {
    "kind": "What the fault does to the request: an error, no answer, half an answer, a slow answer, or an old list.",
    "operation": "A pattern over the names of the operations that it strikes, such as instances.create.",
    "method": "A pattern over the methods that it strikes.",
    "path": "A pattern over the paths that it strikes.",
    "position": "Whether it strikes before or after the effect of the request.",
    "status": "Of status: the HTTP status.",
    "reason": "Of status: the reason in the answer.",
    "message": "Of status: the message in the answer.",
    "retryAfter": "Of status: the header Retry-After.",
    "seconds": "Of slow: real seconds of delay. Of stale: simulated seconds by which lists are old. Of late: "
    "simulated seconds until the effect.",
    "upTo": "Of slow: the longest delay, in real seconds; each answer takes a time between the two.",
    "count": "The number of requests that it strikes; 0 is every one.",
    "skip": "The number of matching requests that pass first.",
    "perCent": "The probability that it strikes, in per cent.",
}
_OF_LIMITS: Final = {
    "prewarm_tasks": "Prewarm tasks that may exist.",
    "prewarm_gb": "The largest image that can be prewarmed, in GB.",
    "storage_gb": "The largest network storage, in GB.",
    "networks": "Networks that may exist.",
    "instances": "Machines that may exist.",
    "balance": "The top-up of a new account, in 1/100000 USD.",
    "stock_scale": "Multiplies the stock of every product in every cluster.",
}
_OF_TIMINGS: Final = {
    "pending": "A machine in the status pending.",
    "to_create": "A machine in the status toCreate.",
    "creating": "A machine in the status creating.",
    "pull": "The pull of an image: between these two, by image and seed.",
    "pull_prewarmed": "The pull of an image that was prewarmed.",
    "cold_start": "The pull of an image of 25 GB by a worker of an endpoint; smaller ones take less.",
    "pull_trouble": "Until an image that cannot be pulled is reported.",
    "turning": "A machine in another status that begins with to.",
    "starting": "The start of a machine.",
    "stopping": "The stop of a machine.",
    "restarting": "The restart of a machine.",
    "resetting": "The reset of a machine.",
    "migrating": "The migration of a machine to another node.",
    "freezing": "From an empty balance until machines are stopped.",
    "spot_notice": "Between the notice and the reclaim of a spot machine.",
    "removing": "The removal of a machine.",
    "removed": "How long a removed machine can still be read.",
    "network": "The creation of a network.",
    "prewarm_wait": "Until a prewarm task begins.",
    "scaling": "The start of an endpoint's worker, besides the pull.",
    "endpoint_removing": "The removal of an endpoint.",
    "worker_kept": "How long a removed worker remains in the answers.",
    "storage_kept": "How long an account in arrears keeps its storages.",
    "data_kept": "How long a machine that has expired is kept.",
    "job_wait": "Until a job begins.",
    "saving": "The saving of an image.",
    "job_kept": "How long the lists show a job that is over.",
    "input_kept": "How long an uploaded file is kept.",
    "output_kept": "How long the files of a batch are kept after its end.",
    "batch_window": "The time within which a batch must be finished.",
    "validating": "The check of a batch.",
    "batch_line": "The duration of each request of a batch; they are answered one after the other.",
    "finalizing": "The end of a batch, when its files are written.",
    "cancelling": "The cancelling of a batch.",
    "task_wait": "Until a task begins.",
    "picture": "The generation of a picture: between these two.",
    "clip": "The generation of a video or of sound: between these two.",
    "task_kept": "How long a finished task can be read.",
    "link_kept": "How long an address of a result of a task can be read.",
    "webhook_waits": "Before each retry of a webhook.",
}


_OF_QUIRKS: Final = {
    "forgiving": "Paths, names and types that only existing clients use are accepted.",
    "closed": "Fields and parameters that the reference does not have are refused.",
    "prices_as_text": "Prices of GPU products are decimal text.",
    "network_as_object": "A network and its state are objects; otherwise lists of one.",
    "tells_network_id": "The create of a network answers the network.",
    "storage_id_bare": "The create of a storage answers the bare id; otherwise an object.",
    "null_when_empty": "An empty list of storages is null.",
    "masked_passwords": "Lists of registry credentials mask the passwords.",
    "numbers_as_text": "Endpoints answer three of their numbers as text.",
    "upgrade_starts": "The upgrade of a stopped machine starts it.",
    "node_as_object": "The node of a machine is an object; otherwise a list of one.",
    "times_in_lists": "Lists of machines have their times.",
    "templates_show_page": "The list of templates answers pageSize and pageNum.",
    "ignores_after": "Lists of files and batches show their first page again for each `after`.",
    "shuffles_results": "Results of a batch come in another order than its requests.",
    "files_show_more": "The list of files answers has_more.",
    "blank_billing_mode": "CPU machines have an empty billing mode.",
    "batch_words_capital": "Statuses of batches are in upper case.",
    "models_in_full": "Models are listed with the fields that the reference does not have.",
    "trims_texts": "Readmes and notes are stored without the blanks around them.",
    "empty_bodies": "Writes that create nothing answer zero bytes.",
    "vague_states": "A start or stop in a wrong status is refused as an invalid state change.",
    "endpoint_pause": "Seconds between two creates of endpoints; an earlier one gets 429.",
    "v1_lists_v2": "Lists of v1 have what was created through v2.",
    "refuses_large_pages": "Lists of v2 refuse a limit of more items than they give.",
    "cluster_rests": "After the last endpoint was deleted, creates are refused for 8 to 80 seconds.",
    "filtered_agents": "Patterns over User-Agent: a web filter refuses such programs with error code 1010.",
    "exact_bills": "Bills have exact decimal amounts beside the whole numbers of 1/10000 USD.",
    "tells_logs": "Answers hold the addresses of logs.",
}


def scenario_schema() -> Schema:
    """The schema of a scenario file. Every file that fits it is a valid scenario."""
    whole = _object(SCENARIO, _OF_SCENARIO)
    whole["properties"] |= {
        "limits": _numbers(Limits, _OF_LIMITS, _OF_SCENARIO["limits"]),
        "timings": _numbers(Timings, _OF_TIMINGS, _OF_SCENARIO["timings"]),
        "quirks": {**_object(QUIRKS, _OF_QUIRKS), "description": _OF_SCENARIO["quirks"]},
        "faults": _list("#/$defs/fault", _OF_SCENARIO["faults"]),
        "events": _list("#/$defs/event", _OF_SCENARIO["events"]),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:novita-infra:schema:v1:scenario",
        "title": "Scenario",
        "description": "A scenario of the simulator, in which something goes wrong: a file for --scenario.",
        **whole,
        "$defs": {"fault": _object(FAULT, _OF_FAULT), "event": _event()},
    }


def schema_text() -> str:
    """The schema as the text of its file."""
    return json.dumps(scenario_schema(), indent=2, ensure_ascii=False) + "\n"


def _event() -> Schema:
    event = _object(EVENT, _OF_EVENT)
    event["properties"] |= {
        "set": _numbers(Limits, _OF_LIMITS, _OF_EVENT["set"]),
        "fault": {"$ref": "#/$defs/fault", "description": _OF_EVENT["fault"]},
    }
    event["properties"]["each"] |= _object(EACH, _OF_EACH)
    needs = [
        {"if": {"properties": {"do": {"const": act}}, "required": ["do"]}, "then": {"required": [name]}}
        for act, name in NEEDED.items()
    ]
    return {**event, "allOf": needs}


def _object(shape: Fields, says: Mapping[str, str]) -> Schema:
    """An object with exactly these fields, each with its sentence."""
    schema = shape.schema()
    for name, part in shape.parts.items():
        default = {} if part.default in (None, "", [], {}) else {"default": part.default}
        schema["properties"][name] = {"description": says[name], **schema["properties"][name], **default}
    return {**schema, "additionalProperties": False}


def _numbers(settings: type, says: Mapping[str, str], description: str) -> Schema:
    """An object of settings by name: a number each, or a list as long as its default."""
    properties = {one.name: {"description": says[one.name], **_number(one.default)} for one in fields(settings)}
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "additionalProperties": False,
    }


def _number(default: Any) -> Schema:
    if isinstance(default, tuple):
        exactly = {"minItems": len(default), "maxItems": len(default)}
        return {"type": "array", "items": {"type": "number"}, **exactly, "default": list(default)}
    return {"type": "number", "default": default}


def _list(of: str, description: str) -> Schema:
    return {"type": "array", "items": {"$ref": of}, "maxItems": 10_000, "description": description}


if __name__ == "__main__":
    (Path(sys.argv[1] if len(sys.argv) > 1 else "schemas") / NAME).write_text(schema_text(), encoding="utf-8")
