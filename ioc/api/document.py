"""The document: OpenAPI 3.1 of all operations, made from what the router, the guard and the readers use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from ioc.api.operation import Bearer, Operation
from ioc.api.operations import OPERATIONS
from ioc.version import VERSION

TITLE_ZH, TITLE_EN = "罗湖区智能运营中心 数据接口", "Luohu Intelligent Operations Center, HTTP interface"
_REF = "#/components/schemas/{model}"


@cache
def document() -> dict[str, Any]:
    """The whole document as plain JSON data; it depends on nothing but the program."""
    shapes = {
        shape
        for operation in OPERATIONS
        for answer in operation.answers.values()
        for shape in answer.bodies.values()
        if shape is not None
    }
    ordered = sorted(shapes, key=lambda shape: shape.__name__)
    adapters: list[Any] = [(shape, "serialization", TypeAdapter(shape)) for shape in ordered]
    _, told = TypeAdapter.json_schemas(adapters, ref_template=_REF)
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(path_of(operation), {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": f"{TITLE_ZH} {TITLE_EN}", "version": VERSION},
        "paths": paths,
        "components": {
            "schemas": told["$defs"],
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "ioc token add"},
                "session": {"type": "apiKey", "in": "cookie", "name": "ioc_session"},
            },
        },
    }


def path_of(operation: Operation) -> str:
    """The path as OpenAPI writes it."""
    return re.sub(r"<(\w+)>", r"{\1}", operation.path)


def _operation(operation: Operation) -> dict[str, Any]:
    about = "\n\n".join(text for text in (operation.about_zh, operation.about_en) if text)
    told: dict[str, Any] = {
        "operationId": operation.id,
        "summary": f"{operation.zh} {operation.en}",
        "security": _security(operation),
        "parameters": [
            {
                "name": one.name,
                "in": one.where,
                "required": one.required,
                "description": f"{one.zh} {one.en}",
                "schema": one.schema(),
                **({"style": "deepObject", "explode": True} if one.grouped else {}),
                **({"example": one.example} if one.example else {}),
            }
            for one in operation.parameters
        ],
        "responses": {str(status): _answer(operation, status) for status in sorted(operation.answers)},
    }
    if about:
        told["description"] = about
    if operation.body is not None:
        example = {} if operation.body.example is None else {"example": operation.body.example}
        told["requestBody"] = {
            "required": True,
            "description": f"{operation.body.zh} {operation.body.en}",
            "content": {
                kind: {"schema": schema, **(example if schema.get("type") != "string" else {})}
                for kind, schema in operation.body.schemas.items()
            },
        }
    return told


def _answer(operation: Operation, status: int) -> dict[str, Any]:
    answer = operation.answers[status]
    told: dict[str, Any] = {"description": f"{answer.zh} {answer.en}"}
    if answer.bodies:
        told["content"] = {kind: _content(shape) for kind, shape in answer.bodies.items()}
    return told


def _content(shape: type[Any] | None) -> Mapping[str, Any]:
    return {} if shape is None else {"schema": {"$ref": _REF.format(model=shape.__name__)}}


def _security(operation: Operation) -> list[dict[str, list[str]]]:
    if not isinstance(operation.access, Bearer):
        return [{"session": []}]
    ways = ["token"] if operation.access.permission is None else ["token", "session"]
    return [{way: []} for way in ways]
