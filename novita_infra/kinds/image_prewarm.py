"""The kind ImagePrewarm: a job that pulls an image to the nodes of a cluster, so that machines start at once there.

The API has no get for it, only a list. A tag that moves later is not followed: another task pulls it again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from novita_infra.api.json_values import carried, created_in, filled, int_of, object_of, objects_of, text_of, texts_of
from novita_infra.api.request import GPU, Pages, Request, get, post
from novita_infra.catalogue.products import Catalogue, Product
from novita_infra.catalogue.stock import Quota
from novita_infra.kinds.call import ApiCalls, Call, ReadCalls, Target
from novita_infra.kinds.field import By, Comparison, Default, Field, Key, Replaces, Secrecy
from novita_infra.kinds.kind import DriftRules, Kind, Market, PlacementRules, Resolution, SpecError
from novita_infra.kinds.toolkit import other_words
from novita_infra.kinds.toolkit.field_keys import READ, body_of, readers, texts
from novita_infra.kinds.toolkit.field_schemas import IMAGE, REFERENCE, TEXT
from novita_infra.kinds.toolkit.image_pulls import pull_of, pull_remedy
from novita_infra.kinds.toolkit.lookup import fits, matching
from novita_infra.kinds.toolkit.owner_marks import mark_of_note, marked_text_errors, note_with_mark, note_without_mark
from novita_infra.kinds.toolkit.placement import with_cluster_id
from novita_infra.model.diagnostics import nearest
from novita_infra.model.lifecycle import Timeouts
from novita_infra.model.resources import PRESENT, Live, Phase
from novita_infra.model.values import Spec

_WHY = "only the note of a task can be edited; another task is created and the old one deleted"


def _product_ids(value: Any) -> list[str]:
    return sorted({text for item in objects_of(value) if (text := text_of(item.get("productId")))})


_FIELDS = (
    Field(
        name="image",
        schema=IMAGE,
        doc="The image to pull; a tag that moves later is not followed.",
        api="imageUrl (gpu-instance-create-image-prewarm)",
        keys=texts("imageUrl", "create"),
        change=Replaces(_WHY),
        required=True,
    ),
    Field(
        name="cluster",
        other_names=other_words.PLACE,
        schema=TEXT,
        doc="The cluster to pull it to, by id or name.",
        api="clusterId (gpu-instance-create-image-prewarm)",
        keys=texts("clusterId", "create"),
        change=Replaces(_WHY),
        required=True,
    ),
    Field(
        name="registryAuth",
        other_names=other_words.CREDENTIAL,
        schema=REFERENCE,
        doc="The credential for a private image.",
        api="repositoryAuth (gpu-instance-create-image-prewarm)",
        keys=texts("repositoryAuth", "create"),
        change=Replaces(_WHY),
        absent=Default(""),
        refers="registry_auth",
    ),
    Field(
        name="products",
        schema={"type": "array", "items": TEXT},
        doc="The products whose nodes pull it, by id or name (all that it fits); none means every product.",
        api="productIds (gpu-instance-create-image-prewarm)",
        keys={"create": Key("productIds", texts_of), READ: Key("products", _product_ids)},
        change=Replaces(_WHY),
        absent=Default([]),
        compared=Comparison.AS_SET,
    ),
    Field(
        name="note",
        schema={"type": "string"},
        doc="A note that the service stores with the task.",
        api="note (gpu-instance-create-image-prewarm)",
        keys={READ: Key("note", note_without_mark)},
        change=By("edit"),
        absent=Default(""),
        compared=Comparison.TRIMMED,
        secrecy=Secrecy.TEXT,
    ),
)

_READERS: Final = readers(_FIELDS)
_PHASES: Final = {
    "pending": Phase.CHANGING,
    "running": Phase.CHANGING,
    "succeeded": Phase.READY,
    "success": Phase.READY,
    "failed": Phase.FAILED,
}
"""`Pending`, `Running`, `Succeeded`, `Failed` (gpu-instance-list-image-prewarm); v2 has them in lower case."""


def _create(target: Target) -> Request:
    note = note_with_mark(target.value("note", ""), target.mark)
    body = {**body_of(_FIELDS, "create", target), "note": note}
    return post(f"{GPU}/image/prewarm", filled(body))


def _edit(target: Target) -> Request:
    body = {"id": target.id, "note": note_with_mark(target.value("note", ""), target.mark)}
    return post(f"{GPU}/image/prewarm/edit", body, repeatable=True)


def _delete(target: Target) -> Request:
    return post(f"{GPU}/image/prewarm/delete", {"ids": [target.id]}, repeatable=True)


def _new_id(answer: Any) -> str:
    return text_of(object_of(answer).get("id"))


def _parse(item: Mapping[str, Any]) -> Live:
    status = text_of(item.get("state"))
    phase = _PHASES.get(status.lower(), Phase.CHANGING)
    task_id = text_of(item.get("id"))
    completed = int_of(item.get("completeTime"), 0)
    return Live(
        id=task_id,
        name=text_of(item.get("imageName")) or text_of(item.get("imageUrl")),
        phase=phase,
        status=status,
        mark=mark_of_note(item.get("note")),
        created=created_in(item),
        values=carried(item, _READERS),
        outputs=filled({"id": task_id, "imageSize": int_of(item.get("imageSize")), "completedAt": completed or None}),
        # A successful task has reasons too, which are no trouble.
        trouble=_reasons_of(item.get("reason")) if phase is Phase.FAILED else "",
    )


def _reasons_of(value: Any) -> str:
    """The reasons are an array in the examples, an object in the schema."""
    texts = texts_of(list(value.values())) if isinstance(value, Mapping) else texts_of(value)
    return text_of(value) or "; ".join(texts)


def _matches(spec: Spec, live: Live) -> bool:
    """Whether image, cluster and products agree: tasks have no name."""
    values = live.values
    return bool(
        spec.get("image") == values.get("image")
        and spec.get("cluster") == values.get("cluster")
        and sorted(spec.get("products") or []) == values.get("products", [])
    )


def _quota(answer: Any) -> tuple[int, int] | None:
    """The number of tasks and the limit (gpu-instance-get-image-quota). Only deleted tasks do not count."""
    there, most = int_of(object_of(answer).get("total")), int_of(object_of(answer).get("limit"))
    return None if there is None or most is None else (there, most)


def _check(spec: Spec) -> Iterator[SpecError]:
    yield from marked_text_errors(spec.get("note"), name="note")


def _resolve(
    spec: Spec, catalogue: Catalogue, live: Live | None, _: Spec | None = None, /
) -> tuple[Spec, tuple[SpecError, ...]]:
    """The spec with ids. A name means all products that it fits in the cluster: prewarming is free."""
    chosen, errors = with_cluster_id(spec, catalogue, live)
    names = chosen.get("products")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return chosen, errors
    known = (*catalogue.gpu, *catalogue.cpu)
    meant = {name: _meant_products(known, name, chosen, catalogue) for name in names}
    unknown = tuple(
        SpecError(
            ("products", index), f'no product "{name}" in this cluster', nearest(name, [item.name for item in known])
        )
        for index, name in enumerate(names)
        if not meant[name]
    )
    found = set().union(*meant.values())
    kept = set(live.values.get("products", ())) if live else set()
    # What is no longer listed, or has a name that is less close, was meant when the task was created.
    strange = {item.id for item in known if item.id in kept and not any(fits(item, name) for name in names)}
    if kept and not strange and all(ids & kept for ids in meant.values()):
        found = kept
    return {**chosen, "products": sorted(found)}, (*errors, *unknown)


def _meant_products(known: Sequence[Product], name: str, spec: Spec, catalogue: Catalogue) -> set[str]:
    names = {text for item in catalogue.clusters if item.id == spec.get("cluster") for text in (item.id, item.name)}
    return {
        item.id
        for item in matching(known, name)
        if item.id == name or not names or not item.clusters or not names.isdisjoint(item.clusters)
    }


IMAGE_PREWARM = Kind(
    name="ImagePrewarm",
    type="image_prewarm",
    summary="An image pulled ahead to the nodes of a cluster, so that machines with it start without a pull.",
    fields=_FIELDS,
    outputs={
        "imageSize": "the image's size in bytes, once it is known",
        "completedAt": "when the pull ended, in Unix seconds",
    },
    api=ApiCalls(
        number_outputs=frozenset({"imageSize", "completedAt"}),
        read=ReadCalls(
            pages=Pages(path=f"{GPU}/image/prewarm", items=("data",), identity=("id",), number="page", first=1),
            parse=_parse,
            stages={"Pending": "accept", "Running": "pull"},
        ),
        create=Call(
            name="create", summary="create: the nodes of the cluster pull the image", usual_seconds=300, request=_create
        ),
        new_id=_new_id,
        matches=_matches,
        updates=(
            Call(
                name="edit",
                summary="edit: the note is changed in place, nothing is pulled again",
                request=_edit,
                final_phases=frozenset(),
                # Not for a failed task: another task may succeed, another note does not help.
                allowed_phases=frozenset({Phase.READY, Phase.CHANGING}),
            ),
        ),
        delete=Call(
            name="delete",
            summary="delete: the task is deleted; machines that run the image continue",
            request=_delete,
            final_phases=frozenset({Phase.GONE}),
            allowed_phases=PRESENT,
            disturbs=False,
        ),
        mark_place="the end of its `note`",
    ),
    resolution=Resolution(
        check=_check,
        catalogues=("clusters", "gpu", "cpu"),
        resolve=_resolve,
        resolved=frozenset({"cluster", "products"}),
    ),
    placement=PlacementRules(
        cluster="cluster",
        prepares=pull_of,
    ),
    market=Market(
        quota=Quota(get(f"{GPU}/image/prewarm/quota"), _quota),
    ),
    drift=DriftRules(remedy=pull_remedy),
    # Images have tens of GB, and the source registry may throttle (guide gpu-image-prewarm gives no limit).
    timeouts=Timeouts(create=7200, update=120, delete=300, stages={"accept": 1800, "pull": 7200}),
    example="""\
apiVersion: novita-infra/v1
kind: ImagePrewarm
metadata:
  name: torch
spec:
  image: docker.io/pytorch/pytorch:2.6.0-cuda12.4-cudnn9-runtime
  cluster: us-ca-nas-2
  products: [RTX 4090]
  note: for the trainers
""",
)
