"""The OpenAPI 3.1 document of the served API, made from the operations. It depends on the profile."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from novita_infra.simulator.http.error_reasons import reasons_by_status
from novita_infra.simulator.operations import PAGES, Family, Operation
from novita_infra.simulator.profiles import Quirks
from novita_infra.simulator.request_schema import Fields, Items, RequestField, Shape

_ABOUT: Final = (
    "What this simulator serves, under the profile {profile}. Answers hold the fields that are listed; clients should "
    "expect others too. A field that is null counts as absent. A missing route is 404 and a wrong method 405, both in "
    "plain text."
)
_EVENT: Final = {
    "type": "object",
    "properties": {"event": {"type": "string"}, "data": {"type": "string"}},
    "required": ["data"],
}
_PATH_PART: Final = re.compile(r"{(\w+)(?::\w+)?}")


def document(quirks: Quirks, operations: Sequence[Operation]) -> dict[str, Any]:
    """The document for one profile."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        path = _PATH_PART.sub(r"{\1}", operation.path)
        paths.setdefault(path, {})[operation.method.lower()] = _described(operation, quirks)
    families = {operation.family for operation in operations}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Novita, simulated",
            "version": "1.0.0",
            "description": _ABOUT.format(profile=quirks.name),
        },
        "servers": [{"url": "/"}],
        "externalDocs": {"url": f"{PAGES}api-reference-overview"},
        "tags": [{"name": name} for name in dict.fromkeys(_tag(operation) for operation in operations)],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "a key, `sk_...`"}},
            "responses": {
                _refusal_name(family, status): _refusal(status, names)
                for family in Family
                if family in families
                for status, names in reasons_by_status(family, quirks).items()
            },
        },
    }


def _tag(operation: Operation) -> str:
    return operation.name.split(".")[0]


def _described(operation: Operation, quirks: Quirks) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [_tag(operation)],
        "externalDocs": {"url": f"{PAGES}{operation.source}"},
        "parameters": _parameters(operation, quirks),
        "responses": {"200": _success(operation, quirks), **_refusals(operation, quirks)},
    }
    if operation.aliases:
        described["x-aliases"] = [_PATH_PART.sub(r"{\1}", path) for path in operation.aliases]
    if operation.also and quirks.forgiving:
        described["x-also"] = list(operation.also)
    if operation.public:
        described["security"] = []
    if operation.raw:
        form = _copy(operation.form or {"type": "object"})
        described["requestBody"] = {"content": {"multipart/form-data": {"schema": form}}}
    elif operation.body is not None:
        schema = request_schema(operation.body, quirks)
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return described


def _parameters(operation: Operation, quirks: Quirks) -> list[dict[str, Any]]:
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in _PATH_PART.findall(operation.path)
    ]
    in_query = [
        {
            "name": name,
            "in": "query",
            "required": _required(part, quirks),
            "schema": _with_default(part, request_schema(part.shape, quirks)),
        }
        for name, part in operation.query.parts.items()
    ]
    return in_path + in_query


def request_schema(shape: Shape, quirks: Quirks) -> dict[str, Any]:
    """The schema of a request under a profile: which fields are required, and whether others are allowed."""
    if isinstance(shape, Items):
        item = request_schema(shape.of, quirks)
        described = {"type": "array", "items": item, "minItems": shape.low, "maxItems": shape.high}
        return {"anyOf": [described, item]} if shape.single else described
    if not isinstance(shape, Fields):
        return shape.schema()
    parts = shape.parts.items()
    described = {
        "type": "object",
        "properties": {name: _with_default(part, request_schema(part.shape, quirks)) for name, part in parts},
    }
    required = [name for name, part in parts if _required(part, quirks)]
    closed = quirks.closed and not shape.open
    return (
        described | ({"required": required} if required else {}) | ({"additionalProperties": False} if closed else {})
    )


def _required(part: RequestField, quirks: Quirks) -> bool:
    return part.required or (part.documented and not quirks.forgiving)


def _with_default(part: RequestField, schema: dict[str, Any]) -> dict[str, Any]:
    return schema | ({"default": part.default} if part.default else {})


def _success(operation: Operation, quirks: Quirks) -> dict[str, Any]:
    answer = operation.answer(quirks) if callable(operation.answer) else operation.answer
    if answer is not None:
        events = {"text/event-stream": {"schema": _copy(_EVENT)}} if operation.streams else {}
        return {"description": "done", "content": {"application/json": {"schema": _copy(answer)}, **events}}
    return {"description": "done; the body is empty" if operation.family is Family.GPU else "done"}


def _copy(schema: Any) -> Any:
    """A deep copy. Fragments are shared between operations, and a caller may change the document."""
    if isinstance(schema, Mapping):
        return {name: _copy(value) for name, value in schema.items()}
    return [_copy(value) for value in schema] if isinstance(schema, list | tuple) else schema


def _refusals(operation: Operation, quirks: Quirks) -> dict[str, Any]:
    known = reasons_by_status(operation.family, quirks)
    return {
        str(status): {"$ref": f"#/components/responses/{_refusal_name(operation.family, status)}"} for status in known
    }


def _refusal_name(family: Family, status: int) -> str:
    return f"{family.value}-{status}"


def _refusal(status: int, names: Sequence[str]) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": {
            "code": {"const": status},
            "reason": {"type": "string", "enum": list(names)},
            "message": {"type": "string", "minLength": 1},
            "metadata": {"type": "object", "additionalProperties": {"type": "string"}},
        },
        "required": ["code", "reason", "message", "metadata"],
    }
    return {"description": HTTPStatus(status).phrase, "content": {"application/json": {"schema": schema}}}
