"""Attributes of a record that requests set as they are, or answers show as they are.

The record declares them with the attribute. A route adds only what has another form in the API. A request is checked
in the order of the attributes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from novita_infra.simulator.answer_schema import Schema
from novita_infra.simulator.request_schema import RequestField
from novita_infra.simulator.world.engine.records import WorldRecord


@dataclass(frozen=True, slots=True)
class _ApiField:
    attribute: str
    key: str
    answer: Schema | None
    requests: Mapping[str, RequestField]


def api_field(key: str, *, answer: Schema | None = None, **requests: RequestField) -> Any:
    """An attribute with its key in the API.

    `requests` are the fields of requests that set it, by call. `answer` is its schema in answers; None if no answer
    shows it. The attribute has the default of the create request, and none if that request requires it.
    """
    metadata = {"key": key, "answer": answer, "requests": requests}
    create = requests["create"]
    if create.required:
        return field(metadata=metadata)
    if isinstance(create.default, list):
        return field(default_factory=list, metadata=metadata)
    return field(default=create.default, metadata=metadata)


class ApiFields:
    """The attributes of a record that are declared with `api_field`."""

    def __init__(self, record: type[WorldRecord]) -> None:
        self._declared = tuple(_ApiField(attribute=one.name, **one.metadata) for one in fields(record) if one.metadata)

    def requests(self, call: str) -> dict[str, RequestField]:
        """The fields of the request of a call that set an attribute as they are."""
        return {one.key: one.requests[call] for one in self._declared if call in one.requests}

    def set_by(self, call: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The attributes that the body of a call sets as they are."""
        return {one.attribute: body[one.key] for one in self._declared if call in one.requests}

    def answers(self) -> dict[str, Schema]:
        """The schemas of the attributes that answers show as they are."""
        return {one.key: one.answer for one in self._declared if one.answer is not None}

    def shown(self, record: WorldRecord) -> dict[str, Any]:
        """The attributes that answers show as they are."""
        return {one.key: getattr(record, one.attribute) for one in self._declared if one.answer is not None}
