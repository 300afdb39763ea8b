"""The names of the centre's processes, in the order of the path: one vocabulary for screens and consoles."""

from __future__ import annotations

from typing import Final

PROCESSES: Final[dict[str, tuple[str, str]]] = {
    "source": ("采集", "source"),
    "replay": ("回放", "replay"),
    "valkey": ("数据总线", "Valkey"),
    "engine": ("计算引擎", "engine"),
    "archive": ("归档", "archive"),
    "duty": ("值守", "duty"),
    "gateway": ("推送网关", "gateway"),
    "playback": ("时间回放", "playback"),
    "web": ("网页服务", "web"),
    "supervisor": ("守护", "supervisor"),
}
