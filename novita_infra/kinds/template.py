"""The kind Template: defaults of instances.

A template is copied when an instance is created, and never read afterwards. So it may change at any time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from novita_infra.api.json_values import carried, created_in, int_of, object_of, text_of
from novita_infra.api.request import GPU, Pages, Request, get, post
from novita_infra.kinds.call import ApiCalls, Call, ReadCalls, Target
from novita_infra.kinds.field import By, Comparison, Default, Field, Key, Secrecy
from novita_infra.kinds.kind import Kind, Resolution, SpecError
from novita_infra.kinds.toolkit import other_words
from novita_infra.kinds.toolkit.checks import env_errors, port_errors
from novita_infra.kinds.toolkit.field_keys import READ, body_of, readers, texts
from novita_infra.kinds.toolkit.field_schemas import COMMAND, CUDA, ENV, IMAGE, PORT, REFERENCE, TEXT
from novita_infra.kinds.toolkit.owner_marks import (
    env_without_mark,
    mark_of_readme,
    marked_text_errors,
    readme_with_mark,
    readme_without_mark,
)
from novita_infra.kinds.toolkit.translation import env_list, ports_list, ports_of
from novita_infra.model.lifecycle import Timeouts
from novita_infra.model.resources import PRESENT, Live, Phase
from novita_infra.model.values import Spec, Value

_PAGES: Final = "gpu-instance-create-template, gpu-instance-edit-template"
_UPDATE: Final = By("update")
_BOTH: Final = ("create", "update")


def _ports_by_type(ports: Value) -> list[dict[str, Any]]:
    listed = ports_list(ports)
    types = sorted({item["type"] for item in listed})
    return [{"type": of, "ports": [item["port"] for item in listed if item["type"] == of]} for of in types]


_FIELDS: Final = (
    Field(
        name="name",
        schema=TEXT,
        doc="Its name in the account; default: the name of the resource.",
        api=f"name ({_PAGES})",
        keys=texts("name", *_BOTH),
        change=_UPDATE,
    ),
    Field(
        name="image",
        schema=IMAGE,
        doc="The container image.",
        api=f"image ({_PAGES})",
        keys=texts("image", *_BOTH),
        change=_UPDATE,
        required=True,
    ),
    Field(
        name="readme",
        schema={"type": "string", "maxLength": 102400},
        doc="Its description for people, in Markdown.",
        api=f"readme ({_PAGES})",
        keys={READ: Key("readme", readme_without_mark)},
        change=_UPDATE,
        absent=Default(""),
        secrecy=Secrecy.TEXT,
        compared=Comparison.TRIMMED,
    ),
    Field(
        name="registryAuth",
        other_names=other_words.CREDENTIAL,
        schema=REFERENCE,
        doc="The credential for a private image.",
        api=f"imageAuth ({_PAGES})",
        keys=texts("imageAuth", *_BOTH),
        change=_UPDATE,
        absent=Default(""),
        refers="registry_auth",
    ),
    Field(
        name="command",
        other_names=other_words.COMMAND,
        schema=COMMAND,
        doc="Replaces the image's command.",
        api=f"startCommand ({_PAGES})",
        keys=texts("startCommand", *_BOTH),
        change=_UPDATE,
        absent=Default(""),
        secrecy=Secrecy.TEXT,
    ),
    Field(
        name="entrypoint",
        other_names=other_words.ENTRYPOINT,
        schema=COMMAND,
        doc="Replaces the image's entrypoint.",
        api=f"entrypoint ({_PAGES})",
        keys=texts("entrypoint", *_BOTH),
        change=_UPDATE,
        absent=Default(""),
        secrecy=Secrecy.TEXT,
    ),
    Field(
        name="rootDiskGb",
        other_names=other_words.DISK,
        schema={"type": "integer", "minimum": 10},
        doc="The root disk in GB.",
        api=f"rootfsSize ({_PAGES})",
        keys={call: Key("rootfsSize", int_of) for call in (*_BOTH, READ)},
        change=_UPDATE,
        required=True,
    ),
    Field(
        name="ports",
        schema={"type": "array", "items": PORT, "maxItems": 10},
        doc="The ports to open, at most 10, such as `8888/http`.",
        api=f"ports ({_PAGES})",
        keys={**dict.fromkeys(_BOTH, Key("ports", _ports_by_type)), READ: Key("ports", ports_of)},
        change=_UPDATE,
        absent=Default([]),
        compared=Comparison.AS_SET,
        entry_key="port",
    ),
    Field(
        name="env",
        other_names=other_words.VARIABLES,
        schema=ENV,
        doc="Environment variables.",
        api=f"envs ({_PAGES})",
        keys={**dict.fromkeys(_BOTH, Key("envs", env_list)), READ: Key("envs", env_without_mark)},
        change=_UPDATE,
        absent=Default({}),
        secrecy=Secrecy.ITEMS,
    ),
    Field(
        name="minCudaVersion",
        schema=CUDA,
        doc="The lowest CUDA version that the machine's driver must support, such as `12.4`.",
        api=f"minCudaVersion ({_PAGES})",
        keys=texts("minCudaVersion", *_BOTH),
        change=_UPDATE,
        absent=Default(""),
    ),
)
_READERS: Final = readers(_FIELDS)


def _body(target: Target, call: str) -> dict[str, Any]:
    """The body, in full: the effect of omitted fields in an update is not documented."""
    readme = readme_with_mark(target.value("readme", ""), target.mark)
    return {"type": "instance", "channel": "private", **body_of(_FIELDS, call, target), "readme": readme}


def _create(target: Target) -> Request:
    return post(f"{GPU}/template/create", {"template": _body(target, "create")})


def _update(target: Target) -> Request:
    return post(f"{GPU}/template/update", {"template": {"Id": target.id, **_body(target, "update")}}, repeatable=True)


def _delete(target: Target) -> Request:
    return post(f"{GPU}/template/delete", {"templateId": target.id}, repeatable=True)


def _id_of(item: Mapping[str, Any]) -> str:
    return next(filter(None, (text_of(item.get(key)) for key in ("Id", "templateId", "id"))), "")


def _new_id(answer: Any) -> str:
    """The id in `{"templateId": ...}` (gpu-instance-create-template)."""
    return _id_of(object_of(answer))


def _get(template: str) -> Request:
    return get(f"{GPU}/template", templateId=template)


def _unwrap(answer: Any) -> Mapping[str, Any] | None:
    """The template in `{"template": {...}}` (gpu-instance-get-template)."""
    item = object_of(object_of(answer).get("template"))
    return item if _id_of(item) else None


def _parse(item: Mapping[str, Any]) -> Live:
    values = carried(item, _READERS)
    return Live(
        id=_id_of(item),
        name=values.get("name", ""),
        phase=Phase.READY,
        status="ready",
        values=values,
        outputs={"id": _id_of(item)},
        mark=mark_of_readme(item.get("readme")),
        created=created_in(item),
    )


def _check(spec: Spec) -> Iterator[SpecError]:
    yield from port_errors(spec.get("ports"), most=10)
    yield from env_errors(spec.get("env"))
    yield from marked_text_errors(spec.get("readme"), name="readme")


def _matches(spec: Spec, live: Live) -> bool:
    return bool(spec.get("name") == live.name)


TEMPLATE: Final = Kind(
    name="Template",
    type="template",
    summary="Defaults for instances: image, command, disk, ports, environment.",
    fields=_FIELDS,
    api=ApiCalls(
        read=ReadCalls(
            pages=Pages(
                path=f"{GPU}/templates",
                items=("template", "templates"),
                identity=("Id", "id", "templateId"),
                number="pageNum",
                # The only pair of values that lists the account's own templates (gpu-instance-list-templates).
                query={"channel": "private", "isMyCommunity": "true"},
            ),
            parse=_parse,
            get=_get,
            unwrap=_unwrap,
        ),
        create=Call(name="create", summary="create: a new template", request=_create, final_phases=frozenset()),
        new_id=_new_id,
        matches=_matches,
        updates=(
            Call(
                name="update",
                summary="update: applied in place; instances that were created from it remain as they are",
                request=_update,
            ),
        ),
        delete=Call(
            name="delete",
            summary="delete: the template is deleted; instances that were created from it remain",
            request=_delete,
            final_phases=frozenset({Phase.GONE}),
            allowed_phases=PRESENT,
            disturbs=False,
        ),
        mark_place="a comment at the end of its `readme`",
    ),
    resolution=Resolution(
        check=_check,
    ),
    timeouts=Timeouts(create=60.0, update=60.0, delete=60.0),
    example="""\
apiVersion: novita-infra/v1
kind: Template
metadata:
  name: notebook
spec:
  image: docker.io/jupyter/scipy-notebook:2024-05-27
  rootDiskGb: 40
  ports: [8888/http]
  env:
    JUPYTER_ENABLE_LAB: "yes"
  readme: A notebook for small experiments.
""",
)
"""Novita instance templates, private ones of type `instance`."""
