"""The kind SavedImage: a job that saves the root disk of an instance as an image in a registry.

Its objects are the jobs. The image itself is nobody's object: it remains in its registry when the job is forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from novita_infra.account.jobs import SAVE_IMAGE, break_request, job_in, jobs_pages
from novita_infra.api.json_values import filled, object_of, text_of
from novita_infra.api.request import Request
from novita_infra.catalogue.images import IMAGE_ID, full_name
from novita_infra.catalogue.products import IMAGE_LIST
from novita_infra.kinds.call import ApiCalls, Call, ReadCalls, Target
from novita_infra.kinds.field import Field, Local, Replaces
from novita_infra.kinds.kind import Circumstances, DriftRules, Kind, PlatformEvent, Resolution, SpecError
from novita_infra.kinds.toolkit import other_words
from novita_infra.kinds.toolkit.field_schemas import REFERENCE
from novita_infra.kinds.toolkit.image_saves import TAG_HINT, save_request, untagged
from novita_infra.model.lifecycle import Cause, Timeouts
from novita_infra.model.records import Record
from novita_infra.model.resources import PRESENT, Live, Phase
from novita_infra.model.values import Spec

_FIELDS = (
    Field(
        name="instance",
        schema=REFERENCE,
        doc="The instance whose root disk is saved; it must run. Another one later saves nothing again: another image "
        "does.",
        api="instanceId (gpu-instance-save-image)",
        change=Local(),
        required=True,
        refers="instance",
    ),
    Field(
        name="image",
        schema={
            "type": "string",
            "pattern": r"^\S+$",
            "minLength": 1,
            "maxLength": 4095,
            "examples": ["registry.example.com/team/model:1"],
        },
        doc="What the image is called in its registry, with a tag; other resources use it as "
        "${saved_image.NAME.image}.",
        api="image (gpu-instance-save-image)",
        change=Replaces("another image is saved; the former stays in its registry"),
        required=True,
    ),
    Field(
        name="registryAuth",
        other_names=other_words.CREDENTIAL,
        schema=REFERENCE,
        doc="The credential for the registry, used only while the image is saved.",
        api="registryAuthId (gpu-instance-save-image)",
        change=Local(),
        refers="registry_auth",
    ),
)

_PHASES: Final = {"success": Phase.READY, "fail": Phase.FAILED, "break": Phase.FAILED}
"""The states of a job that is over (gpu-instance-list-jobs); `pulling` and `running` are on their way."""


def _create(target: Target) -> Request:
    spec = target.spec
    return save_request(
        text_of(spec.get("instance")), text_of(spec.get("image")), auth=text_of(spec.get("registryAuth"))
    )


def _saves(spec: Spec) -> str:
    image = spec.get("image")
    return image if isinstance(image, str) else ""


def _parse(item: Mapping[str, Any]) -> Live:
    job = job_in(item)
    phase = _PHASES.get(job.state, Phase.CHANGING)
    return Live(
        id=job.id,
        name=job.image,
        phase=phase,
        status=job.state,
        created=job.created,
        values=filled({"instance": job.machine, "image": job.image}),
        outputs=filled({"id": job.id, "createdAt": int(job.created)}),
        trouble=job.trouble or {"break": "it was interrupted"}.get(job.state, "") if phase is Phase.FAILED else "",
    )


def _matches(spec: Spec, live: Live) -> bool:
    """Whether instance and image agree: jobs have no name. The list may not show the image."""
    found = live.values.get("image")
    return spec.get("instance") == live.values.get("instance") and found in (None, spec.get("image"))


def _check(spec: Spec) -> Iterator[SpecError]:
    image = spec.get("image")
    if not isinstance(image, str):
        return
    if fault := untagged(image):
        yield SpecError(("image",), fault, TAG_HINT)


def _event(record: Record, live: Live | None, circumstances: Circumstances) -> PlatformEvent | None:
    """The deletion of the image, where the list of the account showed it once."""
    image = _saves(record.spec)
    if (
        circumstances.images is None
        or live is None
        or live.phase is not Phase.READY
        or not record.outputs.get(IMAGE_ID)
    ):
        return None
    if full_name(image) in circumstances.images:
        return None
    return PlatformEvent(Cause.DELETED, f"the image {image} is not in the list of the account any more")


def _remedy(live: Live) -> str:
    """What to look at where the service gave the job up."""
    return "check that the registry takes this image with this registryAuth" if live.status == "fail" else ""


SAVED_IMAGE = Kind(
    name="SavedImage",
    type="saved_image",
    summary="The root disk of an instance, saved once as an image in a registry, for other machines to start from.",
    fields=_FIELDS,
    outputs={
        "createdAt": "when the job began, in Unix seconds",
        IMAGE_ID: "the id of the image in the list of the account; without a value where the list does not show it",
    },
    api=ApiCalls(
        number_outputs=frozenset({"createdAt"}),
        read=ReadCalls(
            pages=jobs_pages(kind=SAVE_IMAGE), parse=_parse, stages={"pulling": "accept", "running": "save"}
        ),
        create=Call(
            name="create",
            summary="create: a job saves the root disk of the instance; network storages are not in the image",
            usual_seconds=120,
            request=_create,
            needs_running="instance",
        ),
        new_id=lambda answer: text_of(object_of(answer).get("jobId")),
        matches=_matches,
        delete=Call(
            name="delete",
            summary="delete: a job that still runs is interrupted; a saved image stays in its registry",
            request=lambda target: break_request(target.id),
            final_phases=frozenset({Phase.GONE}),
            allowed_phases=PRESENT,
            disturbs=False,
        ),
        completes=True,
        saves=_saves,
    ),
    resolution=Resolution(check=_check, catalogues=(IMAGE_LIST,)),
    drift=DriftRules(platform_event=_event, remedy=_remedy),
    # A root disk has up to hundreds of GB; no page says how long a job may take.
    timeouts=Timeouts(create=7200, update=120, delete=300, stages={"accept": 1800, "save": 7200}),
    example="""\
apiVersion: novita-infra/v1
kind: SavedImage
metadata:
  name: trained
spec:
  instance: {id: 9f86d081884c7d65}
  image: registry.example.com/team/model:1
""",
)
