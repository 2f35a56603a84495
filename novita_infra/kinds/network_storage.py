"""The kind NetworkStorage: a volume that is independent of the machines that mount it.

The API has no status and no get for it: a storage exists as soon as the list has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from novita_infra.api.json_values import carried, filled, int_of, object_of, text_of
from novita_infra.api.request import GPU, Pages, Request, get, post
from novita_infra.catalogue.prices import DAY, STORAGE, Cost, PriceList
from novita_infra.catalogue.products import Catalogue
from novita_infra.kinds.call import ApiCalls, Call, ReadCalls, Target
from novita_infra.kinds.field import By, Field, Grows, Key, Refusal, Replaces
from novita_infra.kinds.kind import (
    Circumstances,
    DriftRules,
    Kind,
    Market,
    PlacementRules,
    PlatformEvent,
    Resolution,
    SpecError,
)
from novita_infra.kinds.toolkit import other_words
from novita_infra.kinds.toolkit.field_keys import READ, body_of, readers, texts
from novita_infra.kinds.toolkit.field_schemas import TEXT
from novita_infra.kinds.toolkit.placement import with_cluster_id
from novita_infra.model.lifecycle import Cause, Timeouts
from novita_infra.model.records import Record
from novita_infra.model.resources import PRESENT, Live, Loss, Phase
from novita_infra.model.values import Spec

_FIELDS = (
    Field(
        name="name",
        schema=TEXT,
        doc="The storage's name; letters, digits and hyphens are safe. Several storages may share one.",
        api="storageName (gpu-instance-create-network-storage)",
        keys=texts("storageName", "create", "update"),
        change=By("update"),
    ),
    Field(
        name="sizeGb",
        other_names=("size", "storagesize", "capacity"),
        schema={"type": "integer", "minimum": 10},
        doc="Size in GB, at least 10; the upper limit depends on the account.",
        api="storageSize (gpu-instance-create-network-storage)",
        keys=dict.fromkeys(("create", "update", READ), Key("storageSize", int_of)),
        change=Grows(
            "update",
            shrinking=Refusal(
                "a storage cannot shrink; keep the size, or create a smaller one beside it and copy the data"
            ),
        ),
        required=True,
    ),
    Field(
        name="cluster",
        other_names=other_words.PLACE,
        schema=TEXT,
        doc="The cluster that holds it, by id or name; only its machines can mount it. Default: a cluster that "
        "suits all that mounts it.",
        api="clusterId (gpu-instance-create-network-storage)",
        keys=texts("clusterId", "create"),
        change=Replaces("a storage cannot move to another cluster; its data is not carried over"),
    ),
)
_READERS = readers(_FIELDS)


def _create(target: Target) -> Request:
    return post(f"{GPU}/networkstorage/create", body_of(_FIELDS, "create", target))


def _update(target: Target) -> Request:
    body = {"storageId": target.id, **body_of(_FIELDS, "update", target)}
    # Whether the service accepts the present size again is not certain, so a growth is not repeated blindly.
    grows = target.value("sizeGb") != target.was("sizeGb")
    return post(f"{GPU}/networkstorage/update", body, repeatable=not grows)


def _delete(target: Target) -> Request:
    return post(f"{GPU}/networkstorage/delete", {"storageId": target.id}, repeatable=True)


def _new_id(answer: Any) -> str:
    """The id. The answer is a bare id in the reference, an object in a client, and may be empty."""
    made = object_of(answer)
    return text_of(answer) or text_of(made.get("storageId")) or text_of(made.get("id"))


def _get(storage_id: str) -> Request:
    return get(f"{GPU}/networkstorages/list", storageId=storage_id)


def _unwrap(answer: Any) -> Mapping[str, Any] | None:
    return object_of(object_of(answer).get("data")) or None


def _parse(item: Mapping[str, Any]) -> Live:
    storage_id = text_of(item.get("storageId"))
    return Live(
        id=storage_id,
        name=text_of(item.get("storageName")),
        phase=Phase.READY,
        status="ready",
        values=carried(item, _READERS),
        outputs=filled({"id": storage_id, "clusterName": text_of(item.get("clusterName"))}),
    )


def _platform_event(record: Record, live: Live | None, circumstances: Circumstances) -> PlatformEvent | None:
    """The release of storages of an account in arrears, three days after its last machine (the guide on volumes)."""
    if live is not None or not circumstances.in_arrears:
        return None
    return PlatformEvent(Cause.ARREARS, f"released, as the account is in arrears: {record.id} is gone with its data")


def _matches(spec: Spec, live: Live) -> bool:
    return bool(spec.get("name") == live.name and spec.get("cluster") == live.values.get("cluster"))


def _losses(target: Target) -> tuple[Loss, ...]:
    """All data: the API does not show whether the storage is empty."""
    return (Loss("all that is on the network storage", target.was("sizeGb"), lasting=True),)


def _resolve(
    spec: Spec, catalogue: Catalogue, live: Live | None, _: Spec | None = None, /
) -> tuple[Spec, tuple[SpecError, ...]]:
    return with_cluster_id(
        spec, catalogue, live, offers=lambda cluster: cluster.network_storage, what="network storage"
    )


def _costs(spec: Spec, _: PriceList) -> tuple[Cost, ...]:
    """The cost by size and time, mounted or not. The unit of `price` in the list is not documented."""
    size = spec.get("sizeGb")
    if not isinstance(size, int):
        return (Cost("network storage of unknown size", None, hours=DAY),)
    return (Cost("network storage", STORAGE, quantity=size, hours=DAY, unit="GB"),)


NETWORK_STORAGE = Kind(
    name="NetworkStorage",
    type="network_storage",
    summary="A network volume that outlives the machines that mount it; many of one cluster may mount it at once.",
    fields=_FIELDS,
    outputs={"clusterName": "the cluster's name for people"},
    api=ApiCalls(
        read=ReadCalls(
            pages=Pages(
                path=f"{GPU}/networkstorages/list", items=("data",), identity=("storageId",), number="pageNo", first=1
            ),
            parse=_parse,
            get=_get,
            unwrap=_unwrap,
        ),
        create=Call(name="create", summary="create: an empty storage", request=_create, final_phases=frozenset()),
        new_id=_new_id,
        matches=_matches,
        updates=(Call(name="update", summary="update: renamed or grown in place, data is kept", request=_update),),
        delete=Call(
            name="delete",
            summary="delete: the storage and its data are deleted; refused while something mounts it",
            usual_seconds=5,
            request=_delete,
            final_phases=frozenset({Phase.GONE}),
            allowed_phases=PRESENT,
            losses=_losses,
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
    market=Market(
        costs=_costs,
    ),
    drift=DriftRules(
        platform_event=_platform_event,
    ),
    timeouts=Timeouts(create=120, update=120, delete=900),
    example="""\
apiVersion: novita-infra/v1
kind: NetworkStorage
metadata:
  name: data
spec:
  cluster: us-ca-nas-2
  sizeGb: 200
""",
)
