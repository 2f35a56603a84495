"""Attributes of a record that requests set as they are, or answers show as they are.

The record declares them with the attribute. A route adds only what has another form in the API.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, cast

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


@cache
def _api_fields(record: type[Any]) -> tuple[_ApiField, ...]:
    return tuple(_ApiField(attribute=one.name, **one.metadata) for one in fields(record) if one.metadata)


def request_fields(record: type[Any], call: str) -> dict[str, RequestField]:
    """The fields of the request of a call that set an attribute as they are."""
    return {one.key: one.requests[call] for one in _api_fields(record) if call in one.requests}


def set_by(record: type[Any], call: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes that the body of a call sets as they are. A field that is null sets nothing."""
    given = ((one.attribute, body[one.key]) for one in _api_fields(record) if call in one.requests)
    return {attribute: value for attribute, value in given if value is not None}


def answer_fields(record: type[Any]) -> dict[str, Schema]:
    """The schemas of the attributes that an answer shows as they are."""
    return {one.key: one.answer for one in _api_fields(record) if one.answer is not None}


def shown(record: WorldRecord) -> dict[str, Any]:
    """The attributes that an answer shows as they are."""
    declared = _api_fields(cast(Any, type(record)))
    return {one.key: getattr(record, one.attribute) for one in declared if one.answer is not None}
