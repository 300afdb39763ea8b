"""`ioc video`: the clip that simulated cameras show, and who watches which camera."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import redis
import structlog
import typer

from ioc.settings import Settings
from ioc.sources import clip
from metrics.clock import LOCAL_OFFSET_MS, real_ms

UNREADABLE = 4  # exit code: something is not there

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, help="视频 video of cameras")


@app.command()
def demo(
    folder: Annotated[Path | None, typer.Argument(help="目录 folder; default: where the web server looks")] = None,
) -> None:
    """Make the clip that simulated cameras show, marked 演练. Needs ffmpeg; exit 4 where it is missing or fails."""
    home = folder or Settings().clip_path
    try:
        clip.make(home)
    except clip.NoFfmpeg as problem:
        typer.echo(str(problem), err=True)
        raise typer.Exit(UNREADABLE) from None
    size = sum(path.stat().st_size for path in home.iterdir())
    typer.echo(f"已生成 made: {home} ({clip.PARTS * clip.PART_MS // 1000} s, {size // 1024} KiB)")


def ensure_clip(settings: Settings) -> None:
    """Make the clip where it is not there yet; without it the tiles of simulated cameras say how it is made."""
    if clip.made(settings.clip_path):
        return
    try:
        clip.make(settings.clip_path)
    except (clip.NoFfmpeg, OSError) as problem:
        structlog.get_logger().warning("no_clip_of_cameras", why=str(problem), make="ioc video demo")


@app.command()
def watching() -> None:
    """List who watches which camera now, and since when. Exit 1 when the bus does not answer."""
    from ioc.domain.watching import watchers  # the processes that make the clip need none of these
    from ioc.door.desk import redis_url
    from ioc.services.watching import leases

    settings, now = Settings(), real_ms()
    client = redis.Redis.from_url(redis_url(settings), socket_timeout=2, socket_connect_timeout=2)
    try:
        seen = watchers(leases(client, now).values(), now)
    except redis.RedisError as problem:
        typer.echo(f"总线无应答 the bus does not answer: {problem}", err=True)
        raise typer.Exit(1) from None
    if not seen:
        typer.echo("无人观看 nobody watches")
    for name, who in seen.items():
        for each in who:
            since = datetime.fromtimestamp((each.since_ms + LOCAL_OFFSET_MS) / 1000, UTC)
            typer.echo(f"{name:<32} {each.by:<20} {each.screen:<12} 自 since {since:%Y-%m-%d %H:%M:%S}")
