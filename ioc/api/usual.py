"""What most operations have in common: the usual answers, and the parameter that names a world."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ioc.api.operation import JSON, Answer
from ioc.api.parameter import Parameter
from ioc.api.shapes import Error
from metrics.world import LIVE_WORLD

SIGNED_OUT = Answer("未登录或令牌无效", "not signed in, or no such token", {JSON: Error})
FORBIDDEN = Answer("无此权限", "not permitted", {JSON: Error})
BAD = Answer("参数或正文有误", "a parameter or the body is wrong", {JSON: Error})
MISSING = Answer("不存在", "there is no such thing", {JSON: Error})
LIMITED = Answer("请求过于频繁，见 Retry-After", "too many requests, see Retry-After", {JSON: Error})
AWAY = Answer("总线或账号库暂不可用，见 Retry-After", "the bus or the database is away, see Retry-After", {JSON: Error})
USUAL: Final[Mapping[int, Answer]] = {400: BAD, 401: SIGNED_OUT, 403: FORBIDDEN, 429: LIMITED, 503: AWAY}

WORLD = Parameter("world", "世界", "world", default=LIVE_WORLD.id, longest=64, pattern=r"[\w.-]+")
