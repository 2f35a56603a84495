"""The kind RegistryAuth: the credential for private images.

The password is only sent. The list may hold it in clear, so it must never get into a Live.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from novita_infra.api.json_values import carried, object_of, text_of
from novita_infra.api.request import GPU, Pages, Request, post
from novita_infra.kinds.call import ApiCalls, Call, ReadCalls, Target
from novita_infra.kinds.field import Field, Key, Replaces, Secrecy
from novita_infra.kinds.kind import Kind
from novita_infra.kinds.toolkit.field_keys import body_of, readers, texts
from novita_infra.kinds.toolkit.field_schemas import TEXT
from novita_infra.model.lifecycle import Timeouts
from novita_infra.model.resources import PRESENT, Live, Phase
from novita_infra.model.values import Digest, Secret, Spec

_WHY = "a saved credential cannot be edited; a new one is saved, its users are moved over, the old one is deleted"

_FIELDS = (
    Field(
        name="name",
        schema=TEXT,
        doc="A label for the credential; several may share one.",
        api="name (gpu-instance-create-container-registry-auth)",
        keys=texts("name", "create"),
        change=Replaces(_WHY),
    ),
    Field(
        name="username",
        schema={"type": "string", "minLength": 1, "maxLength": 500},
        doc="The user name at the registry.",
        api="username (gpu-instance-create-container-registry-auth)",
        keys=texts("username", "create"),
        change=Replaces(_WHY),
        required=True,
    ),
    Field(
        name="password",
        schema={"type": "string", "minLength": 1, "maxLength": 500},
        doc="The password or token at the registry; it is sent once and never read back.",
        api="password (gpu-instance-create-container-registry-auth)",
        keys={"create": Key("password", text_of)},
        change=Replaces(_WHY),
        required=True,
        secrecy=Secrecy.VALUE,
    ),
)
_READERS = readers(_FIELDS)


def _create(target: Target) -> Request:
    return post(f"{GPU}/repository/auth/save", body_of(_FIELDS, "create", target))


def _delete(target: Target) -> Request:
    return post(f"{GPU}/repository/auth/delete", {"id": target.id}, repeatable=True)


def _new_id(answer: Any) -> str:
    """The id. The reference answers `{}`, one client nothing, another an id."""
    return text_of(object_of(answer).get("id"))


def _parse(item: Mapping[str, Any]) -> Live:
    auth_id = text_of(item.get("id"))
    return Live(
        id=auth_id,
        name=text_of(item.get("name")),
        phase=Phase.READY,
        status="saved",
        values=carried(item, _READERS),
        outputs={"id": auth_id},
    )


def _matches(spec: Spec, live: Live) -> bool:
    username = spec.get("username")
    if isinstance(username, Digest):
        return bool(spec.get("name") == live.name)
    plain = username.value if isinstance(username, Secret) else username
    return bool(spec.get("name") == live.name and plain == live.values.get("username"))


REGISTRY_AUTH = Kind(
    name="RegistryAuth",
    type="registry_auth",
    summary="A saved credential of a container registry, for pulling private images.",
    fields=_FIELDS,
    api=ApiCalls(
        read=ReadCalls(pages=Pages(path=f"{GPU}/repository/auths", items=("data",), identity=("id",)), parse=_parse),
        create=Call(
            name="create", summary="create: the credential is saved", request=_create, final_phases=frozenset()
        ),
        new_id=_new_id,
        matches=_matches,
        delete=Call(
            name="delete",
            summary="delete: the credential is removed; refused while something uses it",
            request=_delete,
            final_phases=frozenset({Phase.GONE}),
            allowed_phases=PRESENT,
        ),
        create_first=True,
    ),
    timeouts=Timeouts(create=60, update=60, delete=600),
    example="""\
apiVersion: novita-infra/v1
kind: RegistryAuth
metadata:
  name: hub
spec:
  username: ${env.REGISTRY_USERNAME}
  password: {fromEnv: REGISTRY_PASSWORD}
""",
)
