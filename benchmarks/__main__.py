"""`make bench`: every benchmark beside its peer or floor, in one run.

python -m benchmarks [--quick | --full] [NAME ...]
names: stream, sliding, engine, sharing, catchup, archive, detect, forecast, gateway, screen, wall, playback, map, desk,
transitions, city, resolver.
`--quick` is a first look, `--full` leaves nothing out; benchmarks that have but one size ignore both.
"""

from __future__ import annotations

import importlib
import platform
import sys

import psutil

from benchmarks.size import FLAGS

NAMES = (
    "stream",
    "sliding",
    "engine",
    "sharing",
    "catchup",
    "archive",
    "detect",
    "forecast",
    "gateway",
    "screen",
    "wall",
    "playback",
    "map",
    "desk",
    "transitions",
    "city",
    "resolver",
)


def main() -> None:
    chosen = [name for name in sys.argv[1:] if name not in FLAGS] or list(NAMES)
    unknown = [name for name in chosen if name not in NAMES]
    if unknown:
        raise SystemExit(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(NAMES)}")
    memory = psutil.virtual_memory().total / 2**30
    python = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    print(f"{python}, {psutil.cpu_count()} cores, {memory:.0f} GiB")
    for name in chosen:
        print(f"\n== {name} ==", flush=True)
        importlib.import_module(f"benchmarks.bench_{name}").main()


main()
