"""The evaluation of offices at the door: what its page shows, and the same as CSV."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import redis
from flask import Flask, Response, current_app, request

from ioc.api.problem import Problem
from ioc.api.values import harmless, instant
from ioc.door.desk import Desk
from ioc.door.incidents import world_now
from ioc.queries.evaluation import Evaluation, NoEvaluation, evaluation
from ioc.queries.worlds import archived, worlds
from metrics.archive import Life
from metrics.clock import LOCAL_OFFSET_MS
from metrics.world import UnknownWorldVersion

SCENE = "governance"
COLUMNS = ("office", "indicator", "name", "value", "unit", "target", "samples", "quality", "origin", "window_end")


def register(server: Flask, desk: Desk) -> None:
    """Add GET /evaluation.csv."""

    def file() -> Response:
        english = request.args.get("lang") == "en"
        told = _told(desk, request.args.get("world"), request.args.get("scene"), request.args.get("to"))
        answer = Response("\ufeff" + table_of(told, english=english), mimetype="text/csv")  # the mark: for spreadsheets
        answer.headers["Content-Disposition"] = f'attachment; filename="evaluation-{told.scene.id}-{told.at_ms}.csv"'
        answer.headers["Cache-Control"] = "no-store"
        return answer

    server.add_url_rule("/evaluation.csv", "evaluation_file", file, methods=["GET"])


def evaluation_page(world: str | None, scene: str | None, day: str | None) -> Evaluation | tuple[str, str]:
    """What the page shows, or why there is nothing to show; `day`: the end of a local day (`2026-11-22`), None: now."""
    desk: Desk = current_app.extensions["ioc"]
    try:
        return _told(desk, world, scene, day)
    except Problem as problem:
        return problem.zh, problem.en


def table_of(told: Evaluation, *, english: bool = False) -> str:
    """A line for each office and indicator. A text that a spreadsheet would take for a formula begins with '."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for office in told.offices:
        for measure, figure in zip(told.measures, office.figures, strict=True):
            if figure is None:
                continue
            row = (
                office.en if english else office.zh, measure.id, measure.en if english else measure.zh, figure.value,
                measure.unit, measure.target, figure.samples, figure.quality, figure.origin,
                instant(figure.window_end_ms),
            )  # fmt: skip
            writer.writerow([harmless(cell) if isinstance(cell, str) else cell for cell in row])
    return out.getvalue()


def _told(desk: Desk, asked: str | None, scene: str | None, day: str | None) -> Evaluation:
    name = asked or desk.settings.world
    now = world_now(desk, name)
    at = now if not day else min(now, _end_of(day))
    try:
        known = worlds(desk.client)
    except (redis.RedisError, UnknownWorldVersion):
        raise Problem(503, "unavailable", "数据总线暂不可用。", "The data bus does not answer.") from None
    of = archived(known[name], known)
    try:
        return evaluation(
            desk.settings.archive_path, Life(of.id, of.started_ms), scene or SCENE, at, now, world=name
        )  # fmt: skip
    except NoEvaluation:
        zh, en = f"场景 {scene} 没有按部门的指标。", f"No indicator of the scene {scene} is split by office."
        raise Problem(404, "no_evaluation", zh, en, field="scene") from None


def _end_of(day: str) -> int:
    """The midnight that ends a local day, ms. Raises Problem 400."""
    try:
        begin = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise Problem(400, "bad_parameter", "to：须为 YYYY-MM-DD。", "to: must be YYYY-MM-DD.", field="to",
                      rule="form") from None  # fmt: skip
    return int((begin + timedelta(days=1)).timestamp() * 1000) - LOCAL_OFFSET_MS
