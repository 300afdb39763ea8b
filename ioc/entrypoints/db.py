"""`ioc db`: the schema of the database."""

from __future__ import annotations

import typer
from sqlalchemy.exc import SQLAlchemyError

from ioc.settings import Settings
from ioc.store import schema
from ioc.store.unit import Store

app = typer.Typer(
    no_args_is_help=True, add_completion=False, rich_markup_mode=None, help="数据库 the database's schema"
)


@app.command()
def upgrade() -> None:
    """Bring the database to this program's version. Every start does the same."""
    store = Store(Settings().sql_url)
    try:
        before, after = schema.upgrade(store)
    except (SQLAlchemyError, schema.UnknownSchema) as error:
        typer.echo(f"数据库未升级 not upgraded: {error}", err=True)
        raise typer.Exit(1) from error
    finally:
        store.close()
    typer.echo(
        f"数据库版本 revision {after}" if before == after else f"数据库已升级 upgraded {before or 'new'} -> {after}"
    )


@app.command()
def status() -> None:
    """Print the database's revision and the one this program needs. Exit 1 when they differ."""
    store = Store(Settings().sql_url)
    try:
        found = schema.revision(store)
    except SQLAlchemyError as error:
        typer.echo(f"数据库无应答 the database does not answer: {error}", err=True)
        raise typer.Exit(1) from error
    finally:
        store.close()
    typer.echo(f"数据库 database {found or 'empty'}, 程序 program {schema.head()}")
    if found != schema.head():
        raise typer.Exit(1)
