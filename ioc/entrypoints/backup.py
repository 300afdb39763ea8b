"""`ioc backup`, `ioc restore`: everything that cannot be made anew, in one file, and back on an empty host."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from sqlalchemy.exc import SQLAlchemyError

from ioc.entrypoints.user import opened_store
from ioc.offline import backup as work
from ioc.offline.backup_file import NoBackup
from ioc.settings import DATABASE, SEAL_KEY, Settings
from ioc.store.copy import NotEmpty
from ioc.store.schema import UnknownSchema
from ioc.store.unit import Store
from metrics.clock import real_ms

NOT_DONE, UNREADABLE = 1, 4  # exit codes
SHANGHAI = timezone(timedelta(hours=8))


def backup(
    *,
    out: Annotated[Path | None, typer.Option(help="文件 the file; default: luohu-YYYYMMDD-HHMMSS.tar")] = None,
    archive: Annotated[bool, typer.Option(help="含历史归档 with the archive of history")] = True,
) -> None:
    """备份 the database and the files of the data directory into one file, while the centre runs.

    含口令与令牌的摘要：文件仅本人可读，请妥善保管。It holds digests of passwords and tokens: keep it like them.
    不含数据总线：引擎由归档重建状态。The data bus is not in it: the engine builds its state anew from the archive.
    退出码 exit: 0 done, 1 not done, 4 cannot be written.
    """
    settings, now_ms = Settings(), real_ms()
    moment = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(SHANGHAI)
    target = out or Path(f"luohu-{moment:%Y%m%d-%H%M%S}.tar")
    if target.exists():
        _refuse(UNREADABLE, f"{target}: 已存在 it is there already")
    with opened_store() as store:
        try:
            made = work.backup(store, settings.data_path, target, archive=archive, now_ms=now_ms, say=_say)
        except work.ArchiveMoves as error:
            _refuse(NOT_DONE, str(error))
    rows = sum(made.rows.values())
    typer.echo(f"已备份 backed up: {rows:,} 行 rows, 审计至 audit up to {made.head[0]} -> {target}")
    if (settings.data_path / SEAL_KEY).exists():
        _say(f"二次验证的密钥不在备份中，请另行保管 the key of second factors is not in it: keep it apart: {SEAL_KEY}")


def restore(
    file: Annotated[Path, typer.Argument(help="备份文件 a backup file")],
) -> None:
    """恢复 a backup into an empty data directory (IOC_DATA_DIR) and an empty database. Refused where something is.

    先核对每个文件，再核对行数与审计链；较旧的数据库随即升级，较新的被拒。Every file is checked, then the counts and the
    chain of the audit; an older database is brought on, a newer one refused.
    退出码 exit: 0 done, 1 not done, 4 it is no backup.
    """
    settings = Settings()
    settings.data_path.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = not settings.database_url and not (settings.data_path / DATABASE).exists()
    store = Store(settings.sql_url)
    done = False
    try:
        put = work.restore(file, settings.data_path, store, now_ms=real_ms(), say=_say)
        done = True
    except NoBackup as error:
        _refuse(UNREADABLE, str(error))
    except (work.NotRestored, NotEmpty, UnknownSchema, SQLAlchemyError) as error:
        _refuse(NOT_DONE, f"未恢复 not restored: {error}")
    finally:
        store.close()
        if fresh and not done:  # a second attempt finds it as empty as the first
            for path in settings.data_path.glob(f"{DATABASE}*"):
                path.unlink()
    rows = sum(put.manifest.rows.values())
    said = f"已恢复 restored: {rows:,} 行 rows, {put.files} 个文件 files"
    typer.echo(f"{said}, 审计链完整 the audit is whole: {put.audit_entries}")
    known = settings.second_factor_key.get_secret_value() or (settings.data_path / SEAL_KEY).exists()
    if put.manifest.rows.get("second_factor") and not known:
        _say(f"请放回二次验证的密钥，否则验证码不符 put the key of second factors back, or no code fits: {SEAL_KEY}")


def _say(text: str) -> None:
    typer.echo(text, err=True)


def _refuse(code: int, why: str) -> NoReturn:
    typer.echo(why, err=True)
    raise typer.Exit(code)
