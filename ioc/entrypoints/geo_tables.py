"""`ioc geo communities` and `ioc geo numbers`: the tables that the district fills, in and out as CSV, by editions."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer

from ioc.entrypoints.logs import configure
from ioc.entrypoints.user import opened_store
from ioc.geo.region import shipped
from ioc.queries.regions import Book, Edition, Fact, Key, book_facts, editions
from ioc.services import region_book, region_csv
from ioc.settings import Settings
from ioc.store.unit import Store
from metrics import clock

BOOKS: Mapping[Book, str] = {
    "communities": "社区对照表 committee -> community, as the district says",
    "numbers": "人口与面积 population and area of each region, with year and source",
}
EMPTY = {
    "communities": "辖区尚未填报社区对照表 the district has not filled the community table yet",
    "numbers": "除全区外尚未填报 nothing was entered yet but what is shipped",
}
By = Annotated[str, typer.Option("--by", help="谁 who says so; default: the user of this machine")]


def book_commands(book: Book) -> typer.Typer:
    """The commands of a book; `set` only for numbers, one community is set by a file of one row."""
    app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, help=BOOKS[book])

    @app.command("import")
    def import_(
        file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV, UTF-8, columns as exported")],
        *,
        dry_run: Annotated[bool, typer.Option("--dry-run", help="只检查 check only")] = False,
        note: Annotated[str, typer.Option("--note", help="说明 why; default: the file's name")] = "",
        by: By = "",
    ) -> None:
        """导入 take over what a file says, whole or not at all; what it does not name stays as it is."""
        with opened_store() as store:
            bodies = region_csv.read(book, file.read_bytes())
            seen, found = book_facts(store, book)
            counts = region_book.compare(found, bodies)
            typer.echo(
                f"{len(bodies)} 项 facts: 新增 added {counts['added']}, 改动 changed {counts['changed']}, "
                f"清除 removed {counts['removed']}, 不变 same {counts['same']}"
            )
            if dry_run:
                region_book.check(store, book, bodies)
                typer.echo("可以导入 may be imported: nothing was changed")
                return
            _say(book, _change(store, book, bodies, seen, by, note or file.name))

    @app.command()
    def export(
        edition: Annotated[
            int | None, typer.Option("--edition", help="版本 edition; default: the one in force")
        ] = None,
        out: Annotated[Path | None, typer.Option("--out", help="文件 file; default: standard output")] = None,
    ) -> None:
        """导出 every region as CSV, empty where nothing is known: the form to fill in."""
        with opened_store() as store:
            newest, found = book_facts(store, book, edition)
        if edition is not None and not 0 <= edition <= newest:
            raise typer.BadParameter(f"有 0..{newest} there are 0..{newest}", param_hint="--edition")
        hand_out(region_csv.write(book, shipped(), found), out)

    @app.command("list")
    def list_() -> None:
        """列出 what is said, and the newest editions with who and when."""
        with opened_store() as store:
            newest, found = book_facts(store, book)
            changes = editions(store, book, 20)
        told = [fact for fact in found.values() if fact.body is not None]
        if not any(fact.edition for fact in told):
            typer.echo(EMPTY[book])
        for fact in sorted(told, key=lambda fact: (fact.code, fact.name)):
            typer.echo(_line(fact))
        whole = len(shipped().at("committee")) if book == "communities" else 2 * len(shipped())
        typer.echo(f"版本 edition {newest}: {len(told)} / {whole}")
        for change in changes:
            typer.echo(f"  {edition_line(change)}")

    @app.command()
    def undo(by: By = "") -> None:
        """撤销 go back to the edition before; undone again, one step further."""
        with opened_store() as store:
            seen = book_facts(store, book)[0]
            made = region_book.undo(store, book, seen, by=by or user(), now_ms=clock.real_ms())
            log_edition(made)
            typer.echo(f"已撤销 undone: {edition_line(made)}")

    if book == "numbers":

        @app.command("set")
        def set_(
            code: Annotated[str, typer.Argument(help="区域代码 region code")],
            *,
            year: Annotated[int, typer.Option("--year", help="年份 the year it is of")],
            source: Annotated[str, typer.Option("--source", help="来源 who says so")],
            population: Annotated[int | None, typer.Option("--population", help="常住人口 residents")] = None,
            area_km2: Annotated[float | None, typer.Option("--area", help="面积 area, km2")] = None,
            by: By = "",
        ) -> None:
            """填报 population or area of a region; indicators per head follow within seconds."""
            given = {"population": population, "area_km2": area_km2}
            bodies: dict[Key, dict[str, Any] | None] = {
                (code, name): {"value": value, "year": year, "source": source}
                for name, value in given.items()
                if value is not None
            }
            if not bodies:
                raise typer.BadParameter("--population or --area")
            with opened_store() as store:
                seen = book_facts(store, book)[0]
                _say(book, _change(store, book, bodies, seen, by, ""))

    return app


def hand_out(text: str, out: Path | None) -> None:
    """A table to a file as it is, or to the standard output without its byte order mark."""
    if out is None:
        typer.echo(text.removeprefix("\ufeff"), nl=False)
    else:
        out.write_text(text, encoding="utf-8", newline="")
        typer.echo(f"已导出 written: {out}")


def _change(  # noqa: PLR0917 - what an edition is
    store: Store, book: Book, bodies: Mapping[Key, Mapping[str, Any] | None], seen: int, by: str, note: str
) -> Edition | None:
    made = region_book.change(store, book, bodies, seen, by=by or user(), now_ms=clock.real_ms(), note=note)
    if made is not None:
        log_edition(made)
    return made


def _say(book: Book, made: Edition | None) -> None:
    if made is None:
        typer.echo("无变化 nothing is different")
        return
    typer.echo(f"已保存 saved: {edition_line(made)}")
    if book == "numbers":
        typer.echo("运行中的引擎数秒内采用 a running engine takes it over within seconds")


def log_edition(made: Edition) -> None:
    """Say in the log what was changed, and by whom."""
    configure("geo", Settings().log_level)
    structlog.get_logger().info(
        "region_book_changed", book=made.book, edition=made.number, facts=made.facts, restores=made.restores, by=made.by
    )


def _line(fact: Fact) -> str:
    region, said = shipped().get(fact.code), fact.body or {}
    name = region.zh if region else "?"
    what = (
        f"{said['zh']} {said['code']} {said['en']}".rstrip()
        if fact.name == "community"
        else f"{fact.name} {said['value']} ({said['year']}, {said['source']})"
    )
    return f"{fact.code}  {name}  {what}  [{fact.edition or '出厂 as shipped'}]"


def edition_line(of: Edition) -> str:
    """An edition in a line."""
    moment = datetime.fromtimestamp(of.at_ms / 1000, UTC) + timedelta(milliseconds=clock.LOCAL_OFFSET_MS)
    back = "" if of.restores is None else f", 恢复 back to {of.restores}"
    why = f", {of.note}" if of.note else ""
    return f"版本 edition {of.number}: {of.facts} 项 facts, {of.by}, {moment:%Y-%m-%d %H:%M} (UTC+8){back}{why}"


def user() -> str:
    """Who uses this machine."""
    try:
        return getpass.getuser()[:64]
    except (KeyError, OSError):  # a user without a name
        return "console"
