"""The fixed words of the wall in both languages; zh is the product's first language."""

from __future__ import annotations

from typing import Final, Literal

Lang = Literal["zh", "en"]

WORDS: Final[dict[str, tuple[str, str]]] = {
    "product": ("罗湖区智能运营中心", "Luohu Intelligent Operations Center"),
    "indicators": ("核心指标", "Indicators"),
    "versus_yesterday": ("▲▼ 较昨日同时", "▲▼ against yesterday, same time"),
    "target": ("目标", "target"),
    "ranking": ("街道排名", "Subdistricts"),
    "worst_first": ("差者在前", "worst first"),
    "ranking_empty": ("无街道数据", "no data"),
    "no_data": ("无数据", "no data"),
    "without_road": ("无路段", "no road"),
    "without_expressway": ("无快速路", "no express"),
    "without_arterial": ("无主干路", "no arterial"),
    "without_secondary": ("无次干路", "no second."),
    "segments": ("段", ""),
    "map": ("道路运行", "Roads"),
    "draft_both": ("路网与街道边界为示意", "Roads and subdistrict borders are drafts"),
    "draft_areas": ("街道边界为示意", "Subdistrict borders are drafts"),
    "draft_roads": ("路网为示意", "Roads are drafts"),
    "area_shade": ("街道深浅", "shade"),
    "roads": ("全部路段", "All roads"),
    "roads_note": ("越高越堵", "taller is slower"),
    "assumed": ("{}为假定", "{} assumed"),
    "assumed_class": ("等级", "class"),
    "assumed_length_km": ("长度", "length"),
    "assumed_vehicles": ("车辆数", "vehicles"),
    "assumed_each": ("{}（均 {:g}）", "{} ({:g} each)"),
    "none_yet": ("无数据", "no data"),
    "feeds": ("数据源", "Feeds"),
    "feeds_note": ("自本次启动累计", "since this start"),
    "feed_age": ("末次数据", "newest"),
    "feed_rows": ("已收", "rows"),
    "feed_rejected": ("拒收", "rejected"),
    "feed_unregistered": ("未登记", "unknown"),
    "feed_late": ("过迟", "late"),
    "processes": ("进程", "Processes"),
    "trend_note": (
        "趋势：白线今日，灰线昨日同时，青竖线此刻，空心点暂定",
        "Trends: white today, grey yesterday, teal now, open dot provisional",
    ),
    "walls": ("大屏", "Walls"),
    "open_wall": ("打开大屏", "Open the wall"),
    "home_empty": ("这个世界没有数据源", "Nothing feeds this world"),
    "worlds": ("世界", "World"),
    "world_live": ("实时", "live"),
    "world_replay": ("回放", "replay"),
    "world_exercise": ("演练", "exercise"),
    "world_whatif": ("推演", "what if"),
    "over": ("正在越线", "Over the limit"),
    "over_note": ("按最近完整时段，重者在前", "by the newest complete window, worst first"),
    "elsewhere": ("在{}世界，打开大屏", "{}: open the wall"),
    "unfed": ("未接入", "not fed"),
    "without": ("未建", "not built"),
    "home_none": ("您的角色没有可打开的大屏", "Your role opens no wall"),
    "role": ("角色", "Role"),
    "connecting": ("正在连接", "Connecting"),
    "reconnecting": ("重连中", "Reconnecting"),
    "legend": ("路况", "Road state"),
    "state_5": ("红 严重拥堵", "red: heavily congested"),
    "state_4": ("橙 中度拥堵", "orange: congested"),
    "state_3": ("黄 轻度拥堵", "yellow: slow"),
    "state_2": ("基本畅通", "fair"),
    "state_1": ("畅通", "free"),
    "draft": ("示意", "draft"),
    "no_geometry": ("本回放的路段无坐标，见全部路段", "The roads of this replay have no geometry: see the list"),
    "mapless": (
        "本回放的路段无坐标与街道归属，不画地图、不作排名",
        "The roads of this replay have neither geometry nor a subdistrict: no map, no ranking",
    ),
    "reservoir": ("深圳水库", "Shenzhen Reservoir"),
    "no_scene": ("没有这个场景的大屏", "There is no wall for this scene"),
}
LEVELS: Final[dict[str, tuple[str, str]]] = {
    "red": ("红", "red"), "orange": ("橙", "orange"), "yellow": ("黄", "yellow"), "blue": ("蓝", "blue"),
}  # fmt: skip


def word(key: str, lang: Lang) -> str:
    """A word of WORDS in the language. Raises KeyError for a key that does not exist."""
    return WORDS[key][lang == "en"]


def language(asked: str | None) -> Lang:
    """The language of `?lang=`: English when asked for, Chinese otherwise."""
    return "en" if asked == "en" else "zh"
