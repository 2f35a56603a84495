"""The kind VPC: a private network between machines of one cluster.

The live service answers a create without a usable id, so a new network is looked for in the list.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from novita_infra.api.json_values import carried, created_in, filled, object_of, objects_of, text_of
from novita_infra.api.request import GPU, Pages, Request, get, post
from novita_infra.catalogue.products import Catalogue
from novita_infra.kinds.call import ApiCalls, Call, ReadCalls, Target
from novita_infra.kinds.field import By, Field, Replaces
from novita_infra.kinds.kind import Kind, PlacementRules, Resolution, SpecError
from novita_infra.kinds.toolkit import other_words
from novita_infra.kinds.toolkit.field_keys import body_of, readers, texts
from novita_infra.kinds.toolkit.field_schemas import TEXT
from novita_infra.kinds.toolkit.placement import with_cluster_id
from novita_infra.model.lifecycle import Timeouts
from novita_infra.model.resources import PRESENT, Live, Phase
from novita_infra.model.values import Spec

_FIELDS = (
    Field(
        name="name",
        schema={"type": "string", "minLength": 1, "maxLength": 30},
        doc="The network's name, at most 30 characters.",
        api="name (gpu-instance-create-vpc, gpu-instance-update-vpc: 1-30)",
        keys=texts("name", "create", "update"),
        change=By("update"),
    ),
    Field(
        name="cluster",
        other_names=other_words.PLACE,
        schema=TEXT,
        doc="The cluster that it spans, by id or name; only its machines can join it. Default: a cluster that "
        "suits all that joins it.",
        api="clusterId (gpu-instance-create-vpc)",
        keys=texts("clusterId", "create"),
        change=Replaces("a network cannot move to another cluster"),
    ),
)

_READERS: Final = readers(_FIELDS)
_LISTS: Final = ("networks", "network")
"""The key of the list: `networks` in the live service, `network` in the reference."""

_PHASES: Final = {
    "creating": Phase.CHANGING,
    "ready": Phase.READY,
    "running": Phase.READY,
    "deleting": Phase.LEAVING,
    "removing": Phase.LEAVING,
    "deleted": Phase.GONE,
    "removed": Phase.GONE,
}
"""The reference has `creating` and `ready`, v2 has `running`; other objects of this API have the rest."""


def _create(target: Target) -> Request:
    return post(f"{GPU}/network/create", body_of(_FIELDS, "create", target))


def _update(target: Target) -> Request:
    return post(
        f"{GPU}/network/update", {"networkId": target.id, **body_of(_FIELDS, "update", target)}, repeatable=True
    )


def _delete(target: Target) -> Request:
    return post(f"{GPU}/network/delete", {"networkId": target.id}, repeatable=True)


def _id_in(item: Mapping[str, Any]) -> str:
    return next((text for key in ("Id", "id", "networkId") if (text := text_of(item.get(key)))), "")


def _new_id(answer: Any) -> str:
    return _id_in(_unwrap(answer) or {})


def _get(network_id: str) -> Request:
    return get(f"{GPU}/network", networkId=network_id)


def _unwrap(answer: Any) -> Mapping[str, Any] | None:
    """The network under `network`: an array of one in the reference, or an object; None where there is none."""
    whole = object_of(answer)
    wrapped = next((found for key in _LISTS if (found := object_of(whole.get(key)))), None)
    return wrapped or (whole if _id_in(whole) else None)


def _parse(item: Mapping[str, Any]) -> Live:
    network_id, name = _id_in(item), text_of(item.get("name"))
    status, trouble = _state_of(item.get("state"))
    outputs = {"segment": text_of(item.get("segment")), "addresses": _addresses_of(item.get("Addresses"))}
    return Live(
        id=network_id,
        name=name,
        phase=Phase.FAILED if trouble else _PHASES.get(status.lower(), Phase.CHANGING),
        status=status,
        values=carried(item, _READERS),
        outputs=filled({"id": network_id, **outputs}),
        created=created_in(item),
        trouble=trouble,
    )


def _state_of(state: Any) -> tuple[str, str]:
    """The word and the error of a state, which is an array in the reference and an object live."""
    shown = object_of(state)
    return text_of(state) or text_of(shown.get("state")), text_of(shown.get("error"))


def _addresses_of(value: Any) -> dict[str, str]:
    """From instance id to address."""
    return {text_of(item.get("Id")): text_of(item.get("Ip")) for item in objects_of(value)}


def _matches(spec: Spec, live: Live) -> bool:
    return bool(spec.get("name") == live.name and spec.get("cluster") == live.values.get("cluster"))


def _resolve(
    spec: Spec, catalogue: Catalogue, live: Live | None, _: Spec | None = None, /
) -> tuple[Spec, tuple[SpecError, ...]]:
    return with_cluster_id(spec, catalogue, live, offers=lambda cluster: cluster.vpc, what="private networks")


VPC = Kind(
    name="VPC",
    type="vpc",
    summary="A private network between the machines of one cluster; the service chooses its address range.",
    fields=_FIELDS,
    outputs={
        "segment": "the address range that the service chose",
        "addresses": "the address of each machine in it, by instance id",
    },
    api=ApiCalls(
        read=ReadCalls(
            pages=Pages(path=f"{GPU}/networks", items=_LISTS, identity=("Id", "id", "networkId"), number="pageNum"),
            parse=_parse,
            get=_get,
            unwrap=_unwrap,
        ),
        create=Call(name="create", summary="create: an empty network", usual_seconds=5, request=_create),
        new_id=_new_id,
        matches=_matches,
        updates=(Call(name="update", summary="update: renamed in place, connections remain", request=_update),),
        delete=Call(
            name="delete",
            summary="delete: the network is deleted; refused while a machine is in it",
            usual_seconds=5,
            request=_delete,
            final_phases=frozenset({Phase.GONE}),
            allowed_phases=PRESENT,
        ),
    ),
    resolution=Resolution(
        catalogues=("clusters",),
        resolve=_resolve,
        resolved=frozenset({"cluster"}),
    ),
    placement=PlacementRules(
        required=True,
        cluster="cluster",
    ),
    timeouts=Timeouts(create=300, update=120, delete=900),
    example="""\
apiVersion: novita-infra/v1
kind: VPC
metadata:
  name: net
spec:
  cluster: us-ca-nas-2
""",
)
