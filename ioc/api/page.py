"""The page of the interface: the document as a person reads it, rendered here, without a script or a foreign file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response
from markupsafe import Markup

from ioc.door.plain import wide_page

_WORDS: Mapping[str, tuple[str, str]] = {
    "title": ("数据接口", "HTTP interface"),
    "about": (
        "程序凭令牌访问：服务器上执行 ioc token add，请求头带 Authorization: Bearer 令牌。已登录人员可凭会话读取。",
        "Programs come with a token: run `ioc token add` on the server, then send Authorization: Bearer TOKEN. People"
        " who are signed in may read with their session.",
    ),
    "document": ("OpenAPI 3.1 文档", "the OpenAPI 3.1 document"),
    "access": ("访问", "Access"),
    "parameters": ("参数", "Parameters"),
    "body": ("正文", "Body"),
    "answers": ("答复", "Answers"),
    "shapes": ("数据结构", "Shapes"),
    "example": ("示例", "Example"),
    "name": ("名称", "name"),
    "place": ("位置", "in"),
    "type": ("类型", "type"),
    "meaning": ("含义", "meaning"),
    "status": ("状态", "status"),
    "token": ("令牌", "token"),
    "session": ("登录会话", "session"),
    "required": ("必填", "required"),
    "home": ("回首页", "Home"),
}


def docs_page(document: Mapping[str, Any], lang: str) -> Response:
    """The whole interface on one page, in a language. What is written in both languages is shown in both."""

    def word(key: str) -> str:
        return _WORDS[key][lang == "en"]

    parts = [
        Markup('<p class="say">{}</p><nav><a href="/">{}</a><a href="/api/v1/openapi.json">{}</a>').format(
            word("about"), word("home"), word("document")
        ),
        Markup('<a href="?lang={0}">{1}</a></nav>').format(*(("zh", "中文") if lang == "en" else ("en", "English"))),
    ]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            parts.append(_operation(path, method, operation, word))
    parts.append(Markup("<h2>{}</h2>").format(word("shapes")))
    for name, shape in document["components"]["schemas"].items():
        parts.append(Markup('<h3 id="{0}">{0}</h3><p>{1}</p>').format(name, shape.get("description", "")))
        rows = [(key, _type(each), each.get("description", "")) for key, each in shape["properties"].items()]
        parts.append(_table([word("name"), word("type"), word("meaning")], rows))
    return wide_page(lang, word("title"), Markup("").join(parts))


def _operation(path: str, method: str, operation: Mapping[str, Any], word: Any) -> Markup:
    parts = [
        Markup("<h2>{} {}</h2><p class='say'>{}</p>").format(method.upper(), path, operation["summary"]),
        Markup("<p>{}: {}</p>").format(
            word("access"), " / ".join(word(name) for way in operation["security"] for name in way)
        ),
    ]
    parts += [Markup("<p>{}</p>").format(text) for text in operation.get("description", "").split("\n\n") if text]
    if operation["parameters"]:
        rows = [
            (
                one["name"] + (f" ({word('required')})" if one["required"] else ""),
                one["in"],
                _type(one["schema"]),
                one["description"],
            )
            for one in operation["parameters"]
        ]
        parts.append(Markup("<h3>{}</h3>").format(word("parameters")))
        parts.append(_table([word("name"), word("place"), word("type"), word("meaning")], rows))
    if "requestBody" in operation:
        body = operation["requestBody"]
        parts.append(Markup("<h3>{}</h3><p>{}</p>").format(word("body"), body["description"]))
    parts.append(Markup("<h3>{}</h3><pre>{}</pre>").format(word("example"), _example(path, method, operation)))
    said = [
        (status, answer["description"], ", ".join(_answers(answer)))
        for status, answer in operation["responses"].items()
    ]
    parts.append(Markup("<h3>{}</h3>").format(word("answers")))
    parts.append(_table([word("status"), word("meaning"), word("type")], said))
    return Markup("").join(parts)


def _example(path: str, method: str, operation: Mapping[str, Any]) -> str:
    """A line for a shell; $IOC is the address of the server and $TOKEN a token."""
    query: list[str] = []
    lines = ['curl -H "Authorization: Bearer $TOKEN"']
    for one in operation["parameters"]:
        if "example" not in one:
            continue
        if one["in"] == "path":
            path = path.replace(f"{{{one['name']}}}", str(one["example"]))
        elif one["in"] == "header":
            lines.append(f"  -H '{one['name']}: {one['example']}'")
        else:
            query.append(f"{one['name']}={str(one['example']).replace('+', '%2B')}")
    if method == "post":
        content = operation.get("requestBody", {"content": {}})["content"]
        example: Any = next((each["example"] for each in content.values() if "example" in each), {})
        lines += ["  -H 'Content-Type: application/json'", f"  -d '{json.dumps(example, ensure_ascii=False)}'"]
    lines.append(f'  "$IOC{path}{"?" + "&".join(query) if query else ""}"')
    return " \\\n".join(lines)


def _answers(answer: Mapping[str, Any]) -> list[str]:
    return [f"{kind} {_type(told.get('schema', {}))}".strip() for kind, told in answer.get("content", {}).items()]


def _type(schema: Mapping[str, Any]) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "enum" in schema:
        text = " | ".join(map(str, schema["enum"]))
    elif "anyOf" in schema:
        text = " | ".join(_type(each) for each in schema["anyOf"])
    elif schema.get("type") == "array":
        text = f"[{_type(schema.get('items', {}))}]"
    elif schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        text = f"{{name: {_type(schema['additionalProperties'])}}}"
    else:
        text = str(schema.get("format") or schema.get("type", ""))
    if "minimum" in schema and "maximum" in schema:
        text += f" {schema['minimum']:g} .. {schema['maximum']:g}"
    return f"{text} = {schema['default']}" if "default" in schema else text


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Markup:
    head = Markup("").join(Markup("<th>{}</th>").format(text) for text in heads)
    body = Markup("").join(
        Markup("<tr>{}</tr>").format(Markup("").join(Markup("<td>{}</td>").format(cell) for cell in row))
        for row in rows
    )
    return Markup("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>").format(head, body)
