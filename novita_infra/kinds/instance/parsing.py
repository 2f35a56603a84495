"""From the API's answers to a live instance in the manifest's shape. It never raises, and drops every password."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final

from novita_infra.api.json_values import carried, created_in, filled, int_of, moment_in, object_of, objects_of, text_of
from novita_infra.kinds.instance.fields import FIELDS
from novita_infra.kinds.toolkit.field_keys import readers
from novita_infra.kinds.toolkit.owner_marks import mark_of_env
from novita_infra.model.identity import moments_of
from novita_infra.model.resources import Live, LogAddresses, Phase
from novita_infra.model.values import Value

_READERS: Final = readers(FIELDS)
_LOGIN: Final = frozenset({"sshCommand", "sshHost", "sshPort"})
_ADDRESSES: Final = frozenset({"endpoints", "url"})
_LEAVING: Final = frozenset({"toRemove", "removing"})
_STOPPED: Final = frozenset({"exited", "stopped"})
_STOPPING: Final = frozenset({"toStop", "stopping"})
_CHANGED_BY_PLATFORM: Final = frozenset({"migrating", "freezing"})
_BEFORE_PROGRAM_START: Final = frozenset({"pending", "toCreate", "creating", "pulling", "toReset", "resetting"})


def parse(item: Mapping[str, Any]) -> Live:
    """The live instance, from a list item or the object of a get."""
    status, spot = text_of(item.get("status")), text_of(item.get("spotStatus"))
    error = object_of(item.get("statusError"))
    messages = [text for text in (text_of(error.get("state")), text_of(error.get("message"))) if text]
    mark, created = mark_of_env(item.get("envs")), created_in(item)
    phase = _phase(status, troubled=bool(text_of(error.get("state"))), spot=spot)
    if spot in {"notified", "reclaiming", "terminated"}:
        messages.append(f"the spot instance is being reclaimed: {spot}")
    return Live(
        id=text_of(item.get("id")),
        name=text_of(item.get("name")),
        phase=phase,
        status=status,
        values={**_values(item), "power": _power(status, phase)},
        outputs=_outputs(item, phase, int(moments_of(mark).created or created)),
        trouble=": ".join(messages),
        mark=mark,
        created=created,
        started=moment_in(item, "lastStartedAt"),
        stopped=moment_in(item, "lastStoppedAt"),
        logs=_logs(object_of(item.get("connectComponentLog")), status),
    )


def unwrap(answer: Any) -> Mapping[str, Any] | None:
    """The object itself (gpu-instance-get-instance), or the one under `instance`, which sister clients accept too."""
    item = object_of(answer)
    item = object_of(item.get("instance")) or item
    return item if text_of(item.get("id")) else None


def new_id(answer: Any) -> str:
    """The id in `{"id": ...}` (gpu-instance-create-instance); empty where the answer holds none."""
    return text_of(object_of(answer).get("id"))


def _phase(status: str, *, troubled: bool, spot: str) -> Phase:
    """The phase of a status (gpu-instance-get-instance). An unknown status counts as a transition.

    No status means failure: `statusError` stands beside the status at which the instance got stuck. It is a failure
    only on the way to running. An instance that runs, is stopped, is being stopped or is migrated by the platform still
    exists with its data; it keeps its phase, and the error is its trouble.
    A reclaimed spot instance counts as stopped until the service removes it: its disk still exists, and a start either
    works or says why not. A spot instance that runs again is running, whatever its spot status is.
    """
    match status:
        case "removed":
            return Phase.GONE
        case _ if status in _LEAVING:
            return Phase.LEAVING
        case "running":
            return Phase.CHANGING if spot == "reclaiming" else Phase.READY
        case _ if status in _STOPPED or spot == "terminated":
            return Phase.STOPPED
        case _ if status in _STOPPING or status in _CHANGED_BY_PLATFORM:
            return Phase.CHANGING
        case _:
            return Phase.FAILED if troubled else Phase.CHANGING


def lasting_outputs(before: Mapping[str, Value], live: Live) -> Mapping[str, Value]:
    """The known attributes without those that no longer hold: addresses of closed ports, login of a stopped machine.

    Lists have the ports without addresses, and no login (gpu-instance-list-instances).
    """
    outputs = dict(before)
    if live.phase is Phase.STOPPED:
        outputs = {name: value for name, value in outputs.items() if name not in _LOGIN}
    ports = live.values.get("ports")
    if not isinstance(ports, list):
        return outputs
    endpoints = {port: url for port, url in object_of(before.get("endpoints")).items() if port in ports}
    return {**{name: value for name, value in outputs.items() if name not in _ADDRESSES}, **_addresses(endpoints)}


def _addresses(endpoints: Mapping[str, Value]) -> dict[str, Value]:
    url = next((url for port, url in endpoints.items() if port.endswith("/http")), "")
    return filled({"endpoints": dict(endpoints), "url": url})


def _power(status: str, phase: Phase) -> str:
    """The present or coming power state of the instance; an unknown status counts as running."""
    return "stopped" if phase is Phase.STOPPED or status in _STOPPING else "running"


def _logs(component: Mapping[str, Any], status: str) -> LogAddresses:
    """The addresses of the logs, which only a get returns. Until the program starts, the system log comes first."""
    logs = text_of(component.get("instanceLogAddress")), text_of(component.get("systemLogAddress"))
    ordered = reversed(logs) if status in _BEFORE_PROGRAM_START else logs
    return LogAddresses(*logs, explaining=tuple(filter(None, ordered)))


def _values(item: Mapping[str, Any]) -> dict[str, Value]:
    """The fields that the answer carries. An empty value is carried as empty where it means none."""
    product = filled({"id": text_of(item.get("productId")), "name": text_of(item.get("productName"))})
    return {
        **carried(item, _READERS),
        **({"product": product} if "id" in product else {}),
        # Live answers may say "" (gpu-instance-list-instances documents only the three modes).
        "billingMode": text_of(item.get("billingMode")) or "onDemand",
    }


def _outputs(item: Mapping[str, Any], phase: Phase, created: int) -> dict[str, Value]:
    """The attributes, without passwords: of SSH, web terminal and Jupyter only the SSH command is read.

    `created` is in Unix seconds, 0 where it is not known.
    """
    endpoints = {
        f"{int_of(port.get('port'))}/{text_of(port.get('type')) or 'http'}": text_of(port.get("endpoint"))
        for port in objects_of(item.get("portMappings"))
        if text_of(port.get("endpoint"))
    }
    end, shell = int_of(item.get("endTime")), object_of(item.get("connectComponentSSH"))
    return filled(
        {
            "id": text_of(item.get("id")),
            "status": text_of(item.get("status")),
            **({} if phase is Phase.STOPPED else _login(text_of(shell.get("sshCommand")))),
            **_addresses(endpoints),
            "ip": text_of(object_of(item.get("network")).get("ip")),
            "endTime": end if end and end > 0 else None,
            "spotStatus": text_of(item.get("spotStatus")),
            "reclaimAt": int_of(item.get("spotReclaimTime")) or None,
            "productId": text_of(item.get("productId")),
            "productName": text_of(item.get("productName")),
            "clusterId": text_of(item.get("clusterId")),
            "clusterName": text_of(item.get("clusterName")),
            "localDiskGb": _local_gb(item) or None,
            "dataKeptDays": int_of(item.get("keepDataDay")),
            "createdAt": created or None,
        }
    )


def _login(command: str) -> dict[str, Value]:
    """The login of an SSH command such as `ssh -p 31234 root@proxy.us-ca-06.gpu-instance.novita.ai`."""
    words = command.split()
    host = next((word.rpartition("@")[2] for word in words if "@" in word and word[0] != "-"), "")
    port = next((word for before, word in pairwise(words) if before == "-p"), "22")
    found = {"sshHost": host, "sshPort": int_of(port)} if host else {}
    return {"sshCommand": command, **found}


def _local_gb(item: Mapping[str, Any]) -> int:
    """The size of the local disk in GB; 0 where the answer has none."""
    mounts = objects_of(item.get("volumeMounts"))
    return next((int_of(mount.get("size")) or 0 for mount in mounts if mount.get("type") == "local"), 0)
