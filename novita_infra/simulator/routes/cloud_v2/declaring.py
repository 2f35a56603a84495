"""What the operations of v2 share: how they are declared, their schemas, and the names of fields in their refusals.

Facts of v2 come from its pages, and where these are silent, from the same pages of the vendor's sister brand, which has
the same API. No page describes the body of an error; it is guessed to be that of v1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from novita_infra.simulator.answer_schema import EMPTY_OBJECT, FLAG, TEXT, known, obj
from novita_infra.simulator.errors import ApiRefusal, invalid
from novita_infra.simulator.operations import V2, Confidence, IncomingCall, Operation
from novita_infra.simulator.request_schema import ENVS, Fields, Flag, Items, RequestField, Text, Whole, may, need
from novita_infra.simulator.world.engine.records import WorldRecord
from novita_infra.simulator.world.engine.world import World

Serve: TypeAlias = Callable[[World, IncomingCall], Any]

ID: Final = Text(1, 255)
OTHER_ID: Final = may(Text(0, 255), "")
PORT_NUMBER: Final = Whole(1, 65535, outside=(2222, 2223, 2224))
PORTS: Final = Items(Fields({"port": need(PORT_NUMBER), "protocol": need(Text(one_of=("tcp", "http")))}), high=15)
COMMAND: Final = Text(0, 2047)
PAIRS: Final = ENVS
AUTO_RENEW: Final = Fields({"enabled": need(Flag()), "months": may(Whole(0, 12), 0)})
AUTO_MIGRATE: Final = Fields({"enabled": need(Flag()), "include_system_disk": may(Flag(), default=False)})


def status_schema(*words: str) -> dict[str, Any]:
    """The status of an object."""
    return obj(status=known(*words), error=TEXT, message=TEXT)


AUTO_MIGRATE_SHOWN: Final = obj(enabled=FLAG, include_system_disk=FLAG)


def record_place(record: WorldRecord) -> tuple[float, str]:
    """The place of a record in a list: its creation and its id."""
    return record.created, record.id


def operation_v2(  # noqa: PLR0913 - a row of the table of operations
    name: str,
    place: str,
    page: str,
    serve: Serve,
    *,
    answer: Any = EMPTY_OBJECT,
    confidence: Confidence = Confidence.DOCUMENTED,
    query: Mapping[str, RequestField] | None = None,
    body: Mapping[str, RequestField] | None = None,
    counterpart: str = "",
    fields: Mapping[str, str] | None = None,
) -> Operation:
    """An operation of v2. `place` is method and path below `/gpus/v2`; `page` is the page without its prefix.

    `counterpart` is the operation of v1 with the same effect. `fields` has the names of fields in refusals of the
    world, each with the name that this operation has for it.
    """
    method, path = place.split()
    served = _in_names_of_v2(serve, fields) if fields else serve
    return Operation(
        name=name,
        method=method,
        path=f"{V2}{path}",
        source=f"gpus-v2-{page}",
        confidence=confidence,
        serve=_remembering(served) if method == "POST" else served,
        query=Fields(query or {}),
        body=None if body is None else Fields(body),
        answer=answer,
        counterpart=counterpart,
    )


def _remembering(serve: Serve) -> Serve:
    """Remembers what the operation has created: the one field of its answer is the id of the new object."""

    def served(world: World, call: IncomingCall) -> Any:
        answer = serve(world, call)
        world.made_by_v2.update(answer.values())
        return answer

    return served


def _in_names_of_v2(serve: Serve, fields: Mapping[str, str]) -> Serve:
    def served(world: World, call: IncomingCall) -> Any:
        try:
            return serve(world, call)
        except ApiRefusal as refusal:
            field = refusal.metadata.get("field", "")
            if field not in fields:
                raise
            what = refusal.message.removeprefix(f"invalid parameter {field}: ")
            raise invalid(fields[field], what) from refusal

    return served
