"""The fixed words of the page of the screens, in both languages."""

from __future__ import annotations

from typing import Final

from components.words import Lang

WORDS: Final[dict[str, tuple[str, str]]] = {
    "screens": ("屏", "Screens"),
    "watching": ("视频", "Video"),
    "no_control": ("您的角色不控制屏。", "Your role takes no screen."),
    "take_leader": ("接管 10 分钟", "Take for 10 min"),
    "take_duty": ("值班占用 60 分钟", "Hold for 60 min"),
    "take_emergency": ("指挥应急画面", "Lead the emergency"),
    "release": ("归还", "Give back"),
    "overview": ("全区总览", "Overview"),
    "whole": ("全区", "Whole district"),
    "pointer": ("指点", "Pointer"),
    "pointer_note": ("在屏上划线，5 秒后消失", "draw on the wall; gone after 5 s"),
    "place": ("标地点", "Highlight a place"),
    "place_note": ("点地图，大屏同位置亮圈", "tap the map: a ring on the wall"),
    "no_place": ("取消标注", "No place"),
    "place_label": ("地点说明", "label"),
    "devices": ("大屏设备", "Devices"),
    "devices_note": ("新设备打开 /enrol，屏上出现代码", "a new device opens /enrol and shows a code"),
    "device_code": ("屏上代码", "code on the wall"),
    "screen": ("屏", "screen"),
    "approve": ("批准", "Approve"),
    "settings": ("屏的设置", "Settings of the screen"),
    "set_zh": ("中文名", "Chinese name"),
    "set_en": ("英文名", "English name"),
    "set_width_mm": ("宽度（毫米）", "Width, mm"),
    "set_distance_mm": ("观看距离（毫米）", "Viewing distance, mm"),
    "set_rotation": ("轮播 场景:秒", "Rotation, SCENE:SECONDS"),
    "set_pinned": ("固定场景", "Pinned scene"),
    "set_reload_at": ("每夜重载 HH:MM", "Nightly reload HH:MM"),
    "save": ("保存", "Save"),
    "remove": ("删除此屏", "Remove it"),
    "add_name": ("新屏名，如 hall 或 main.left", "new name: hall, main.left"),
    "add": ("增加", "Add"),
    "view_scene": ("场景", "Scene"),
    "view_region": ("区域", "Region"),
    "view_layers": ("图层", "Layers"),
    "view_time": ("时间", "Time"),
    "view_world": ("世界", "World"),
    "view_beside": ("并列场景", "Beside it"),
    "view_incident": ("置顶事件编号", "Pinned incident"),
    "view_place": ("地点说明", "Label of the place"),
}


def word(key: str, lang: Lang) -> str:
    """A word of WORDS in the language. Raises KeyError for a key that does not exist."""
    return WORDS[key][lang == "en"]
