"""The page of administration: its parts as tabs, and the place that admin.js writes the chosen part into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from dash import html

from components.frame import frame
from components.marks import data
from components.words import Lang

PARTS: Final[Mapping[str, tuple[str, str]]] = {
    "people": ("人员", "People"),
    "roles": ("角色权限", "Roles"),
    "devices": ("设备与令牌", "Devices and tokens"),
    "approvals": ("两人审批", "Approvals"),
    "audit": ("审计", "Audit"),
}


def admin(
    parts: Sequence[str],
    chosen: str,
    world: str,
    lang: Lang,
    *,
    asked: str = "",
    may: Sequence[str] = (),
    name: str = "",
) -> html.Div:
    """`parts`: those that the visitor may see; `may`: the permissions that make acts of them; `name`: who looks."""
    tabs = [_tab(part, lang, chosen=part == chosen) for part in parts]
    listed: dict[str, Any] = {"aria-label": "系统管理" if lang == "zh" else "Administration"}
    body = html.Section(
        [
            html.Div(tabs, role="tablist", className="admin-tabs", **listed),
            html.Div(id="admin-body", className="admin-body", role="tabpanel", tabIndex="0"),
        ],
        className="panel admin-panel",
    )
    page = frame("admin", [body], world, lang, asked=asked)
    page.children.append(html.Div(id="admin-said", role="status", className="screens-said", hidden=True))
    page.children.append(html.Div(id="admin-is", hidden=True, **data(may=" ".join(may), name=name, part=chosen)))
    return page


def _tab(part: str, lang: Lang, *, chosen: bool) -> html.Button:
    spoken: dict[str, Any] = {"aria-selected": str(chosen).lower(), "aria-controls": "admin-body"} | data(part=part)
    return html.Button(
        PARTS[part][lang == "en"], id=f"admin-tab-{part}", type="button", role="tab", className="choice",
        tabIndex="0" if chosen else "-1", **spoken,
    )  # fmt: skip
