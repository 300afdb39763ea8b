"""The routes: requests read by the declared parameters, answers written in the declared shapes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from typing import Any, cast

from flask import Flask, Response, g, request
from pydantic import TypeAdapter

from ioc.api import batch, places, values
from ioc.api.definitions import Definitions
from ioc.api.document import document
from ioc.api.drill import DrillReader
from ioc.api.drill_operations import Against, By, Drill
from ioc.api.inlet import ACCEPTED, Inlet, Order
from ioc.api.means_operations import MEANS_OPERATIONS
from ioc.api.operation import CSV, JSON, Operation
from ioc.api.operations import BY_ID
from ioc.api.outlooks import OutlookReader
from ioc.api.page import docs_page
from ioc.api.parameter import Value, read_all
from ioc.api.plan_operations import PLAN_OPERATIONS
from ioc.api.problem import Problem
from ioc.api.shapes import Chain, Outlook, Values
from ioc.api.values import Question, ValueReader
from ioc.api.workbench_operations import WORKBENCH_OPERATIONS
from ioc.door import tally
from ioc.door.desk import Desk, redis_url
from ioc.queries.addresses import Gazetteers
from ioc.services.api_tokens import ApiToken
from metrics.archive import day_of
from metrics.datum import Datum

# Declared here, answered by ioc.door.
ENTRANCES = (
    "session", "ticket", "standing", "names", "entity", "attention", "command", "screens", "playback-begin", "playback",
    "playback-change", "playback-end", "playback-marks", "video", "video-watch", "video-clip",
    "alarms", "alarms-acknowledge", "alarms-take-back", "alarms-cover", "alarms-uncover",
    "incident-of-card", "incident-grade", "incident-relations", "incident-viewers", "incident-merge", "incident-split",
    "incidents", "incident", "incident-report", "incident-by-hand", "incident-claim", "incident-move", "report",
    "incident-units", "incident-units-send", "incident-office-refuse",
    *(each.id for each in PLAN_OPERATIONS),
    *(one.id for one in MEANS_OPERATIONS), "voucher-check", "voucher-state",
    *(one.id for one in WORKBENCH_OPERATIONS),
)  # fmt: skip


def register(server: Flask, desk: Desk) -> None:
    """Add the routes of all operations but those of the entrance."""
    definitions = Definitions(desk.client, desk.clock)
    inlet = Inlet(redis_url(desk.settings), definitions, desk.clock)
    reader = ValueReader(desk.client, desk.settings.archive_path, definitions)
    drills = DrillReader(desk.client, reader, definitions, desk.clock)
    outlooks = OutlookReader(desk.client, definitions)
    gazetteers = Gazetteers(desk.store)
    desk.at_end.append(inlet.close)

    def observations(given: Mapping[str, Value]) -> Response:
        if request.headers.get("Content-Encoding", "identity") != "identity" or request.mimetype not in batch.FORMS:
            raise Problem(
                415, "json_required", "须为未压缩的 JSON 或 NDJSON。",
                "The body must be JSON or NDJSON, not compressed.",
                field="Content-Type", rule="choice",
            )  # fmt: skip
        # A body of unknown length is cut at its limit without a word: one byte more tells that there was more.
        request.max_content_length = batch.MOST_BYTES + 1
        if (request.content_length or 0) > batch.MOST_BYTES:
            raise batch.too_large(batch.MOST_BYTES)
        body = request.get_data(cache=False)
        if len(body) > batch.MOST_BYTES:
            raise batch.too_large(batch.MOST_BYTES)
        order = Order(
            g.token, str(given["source"]), str(given["world"]), body, request.mimetype,
            given["mode"] == "whole", str(given["Idempotency-Key"] or ""),
        )  # fmt: skip
        outcome = inlet.take(order)
        told = outcome.body
        g.facts = {"source": order.source, "world": order.world, "repeated": outcome.repeated}
        if outcome.status == ACCEPTED and not outcome.repeated:
            g.facts |= {"accepted": told["accepted"], "rejected": told["rejected"]}
            tally.API_ROWS.labels(order.source, "accepted").inc(told["accepted"])
        for rule, count in outcome.rules.items():
            tally.API_ROWS.labels(order.source, rule).inc(count)
        response = _json(told, dict[str, Any], outcome.status)
        if outcome.repeated:
            response.headers["Idempotency-Replayed"] = "true"
        return response

    def permitted(indicator: str, world: str) -> None:
        token: ApiToken | None = g.get("token")
        scene = definitions.indicator(indicator).scene
        if token is not None and not token.may_read(scene):
            raise _forbidden("indicator", f"令牌不可读场景 {scene}。", f"The token may not read the scene {scene}.")
        if token is not None and not token.may_enter(world):
            raise _forbidden("world", f"令牌不可进入世界 {world}。", f"The token may not enter {world}.")

    def read_values(given: Mapping[str, Value]) -> Response:
        indicator, world = str(given["indicator"]), str(given["world"])
        permitted(indicator, world)
        now = definitions.world(world).clock.now_ms(desk.clock())
        to_ms = cast("int | None", given["to"]) or now
        from_ms = cast("int | None", given["from"])
        regions = dict.fromkeys(() if given["region"] is None else str(given["region"]).split(","))
        question = Question(
            indicator, world, tuple(regions),
            to_ms - values.DAY_MS if from_ms is None else from_ms, to_ms, str(given["step"] or ""),
            cast("Mapping[str, str]", given["dim"]), cast(int, given["limit"]), str(given["after"] or ""),
        )  # fmt: skip
        page = reader.read(question)
        if request.accept_mimetypes.best_match([JSON, CSV]) == CSV:
            response = Response(values.table_of(page), mimetype=CSV)
            response.headers["Content-Disposition"] = f'attachment; filename="{indicator}.csv"'
        else:
            response = _json(page, Values)
        if page.next:
            response.headers["Link"] = f'<{page.next}>; rel="next"'
        response.headers["Vary"] = "Accept"
        return response

    def read_outlook(given: Mapping[str, Value]) -> Response:
        indicator, world = str(given["indicator"]), str(given["world"])
        permitted(indicator, world)
        return _json(outlooks.read(indicator, world, str(given["region"] or "")), Outlook)

    def read_drill(given: Mapping[str, Value]) -> Response:
        indicator, world = str(given["indicator"]), str(given["world"])
        permitted(indicator, world)
        against, by = cast(Against, given["against"]), cast(By, given["by"])
        return _json(drills.read(indicator, world, str(given["region"] or ""), against, by), Drill)

    def resolve(given: Mapping[str, Value]) -> Response:
        code, address, lon, lat = given["code"], given["address"], given["lon"], given["lat"]
        ways = [code is not None, address is not None, lon is not None or lat is not None]
        if sum(ways) != 1 or (lon is None) != (lat is None):
            raise Problem(
                400, "bad_parameter", "给 lon 与 lat，或只给 code，或只给 address。",
                "Give lon and lat, or code alone, or address alone.", field="code", rule="either",
            )  # fmt: skip
        names = gazetteers.on(date.fromisoformat(day_of(desk.clock())))
        if code is not None:
            return _json(places.of_code(definitions, names, str(code)), Chain)
        if address is not None:
            return _json(places.of_address(definitions, names, str(address)), Chain)
        where = (cast(float, lon), cast(float, lat), cast(Datum, given["datum"]))
        return _json(places.of_point(definitions, names, *where), Chain)

    def openapi(_given: Mapping[str, Value]) -> Response:
        return _json(document(), dict[str, Any])

    def docs(given: Mapping[str, Value]) -> Response:
        return docs_page(document(), str(given["lang"]))

    answering: Mapping[str, Callable[[Mapping[str, Value]], Response]] = {
        "observations": observations, "values": read_values, "outlook": read_outlook, "drill": read_drill,
        "resolve": resolve,
        "openapi": openapi, "docs": docs,
    }  # fmt: skip
    for name, operation in BY_ID.items():
        if name not in ENTRANCES:
            server.add_url_rule(
                operation.path, f"api_{name}", _reading(operation, answering[name]), methods=[operation.method]
            )


def _reading(operation: Operation, answer: Callable[[Mapping[str, Value]], Response]) -> Callable[..., Response]:
    """The function of a route: reads every declared parameter, and no other, before anything is done."""

    def asked(**path: str) -> Response:
        declared = operation.parameters
        given = read_all(declared, list(path.items()), "path")
        given |= read_all(declared, list(request.args.items(multi=True)), "query")
        given |= read_all(declared, list(request.headers.items()), "header")
        return answer(given)

    return asked


@cache
def _adapter(shape: Any) -> TypeAdapter[Any]:
    return TypeAdapter(shape)


def _json(told: Any, shape: Any, status: int = 200) -> Response:
    return Response(_adapter(shape).dump_json(told, by_alias=True), status, mimetype=JSON)


def _forbidden(field: str, zh: str, en: str) -> Problem:
    return Problem(403, "forbidden", zh, en, field=field, rule="scope")
