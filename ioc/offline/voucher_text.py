"""A voucher as lines for people, Chinese first."""

from __future__ import annotations

from collections.abc import Iterator

from ioc.offline.answer_file import number_text, time_text
from metrics.forecast_ground import ForecastGround
from metrics.voucher import MeasureState, Voucher
from metrics.watermark import BEGINNING

QUALITIES = {"complete": "完整", "provisional": "暂定", "stale": "陈旧", "no_data": "无数据"}
LAST_SEQ = 2**64 - 1  # the last entry that one millisecond of a stream can hold
REMARKS = {"late": "迟到", "duplicate": "重复", "future": "超前", "moved": "迟到改记", "dated": "按到达计时"}


def lines(voucher: Voucher) -> Iterator[str]:
    """Everything it says, one fact a line."""
    said, checked = voucher.said, voucher.checked
    dims = f"/{said.dims.replace(',', '/')}" if said.dims else ""
    end = time_text(said.window_end)
    yield f"数字凭证 voucher   {said.indicator}@{said.version}/{said.region}{dims}/{end}#{said.revision}"
    yield f"  值 value         {_number(said.value)}  {_judged(said.quality, said.samples)}"
    window = _window(said.window_start, said.window_end)
    yield f"  窗口 window      {window}  世界 world {voucher.world}  来源 origin {said.origin}"
    yield f"  发布 published   {time_text(said.published_at)}  程序 engine {voucher.engine}"
    yield f"  定义 definition  sha256 {voucher.definition}  定义包 bundle {said.bundle}"
    yield f"  区域表 regions   sha256 {voucher.regions}"
    for zh, en, hashes in (("注册表", "registry", voucher.registries), ("日历", "calendar", voucher.calendars)):
        for name, digest in hashes.items():
            yield f"  {zh} {en} {name}  sha256 {digest}"
    for name, measure in voucher.measures.items():
        yield from _measure(name, measure)
    for name, source in voucher.sources.items():
        mark = "" if source.watermark is None else time_text(source.watermark)
        yield f"  数据源 source {name}  水位 watermark {mark}  计入行 rows {source.rows}"
        for shard, (first, last) in source.shards.items():
            yield f"    分片 shard {shard}  {_span(first, last)}"
        told = [f"{REMARKS.get(kind, kind)} {kind} {count}" for kind, count in source.remarked.items()]
        told += [f"拒收 rejected {rule} {count}" for rule, count in source.rejected.items()]
        if told:
            yield f"    {'  '.join(told)}"
    for entry in voucher.entered:
        since = "一直 always" if entry.valid_from_ms <= BEGINNING else f"自 from {time_text(entry.valid_from_ms)}"
        yield f"  人工录入 entered {entry.name} {entry.region}  {_number(entry.value)}  {since}"
    for used in checked.used:
        cut = f"/{'/'.join(used.dims)}" if used.dims else ""
        place = f"{used.indicator}@{used.version}/{used.region}{cut}/{time_text(used.window_end)}#{used.revision}"
        yield f"  引用值 used      {place}  {_number(used.value)}"
    for gap in voucher.missing:
        yield f"  档案缺失 missing  {gap}"
    again = f"{_number(checked.value)}  {_judged(checked.quality, checked.samples)}"
    yield f"重算 recomputed ({voucher.program})  {again}"
    if checked.same:
        yield "相等 equal: 与发布值完全一致 the very same"
    elif checked.young:
        yield "相等 equal: 窗口开始时定义尚未生效, 当时无数据 the definition was younger than the window"
    elif checked.equal:
        yield "相等 equal: 浮点误差 1e-9 以内 within what floats may differ by"
    else:
        yield "不相等 NOT equal"


def _measure(name: str, measure: MeasureState) -> Iterator[str]:
    where = f" where {measure.where}" if measure.where else ""
    value = _number(measure.value)
    yield f"  度量 measure {name} = {measure.agg}({measure.source}){where}  值 value {value}  行 rows {measure.rows}"
    if measure.state:
        of = "" if measure.combinations is None else f"  组合 combinations {measure.combinations} (sha256)"
        yield f"    状态 state {measure.state}  ({measure.meaning}, 小数位 scale {measure.scale}){of}"


def _window(start: int, end: int) -> str:
    if start <= BEGINNING:
        return f"截至 until {time_text(end)}（自始 from the beginning）"
    return f"时点 at {time_text(end)}" if start == end else f"[{time_text(start)}, {time_text(end)})"


def _span(before: str, last: str) -> str:
    """The entries behind `before`, up to `last`: from the first one that can be, both included."""
    if before == last:
        return f"无行 no rows, 读至 read to {last}"
    ms, seq = map(int, before.split("-"))
    first = f"{ms + 1}-0" if seq == LAST_SEQ else f"{ms}-{seq + 1}"
    return f"[{first}, {last}]"


def _judged(quality: str, samples: int) -> str:
    return f"{QUALITIES[quality]} {quality}  样本 samples {samples}"


def _number(value: float | None) -> str:
    return "空 null" if value is None else number_text(value)


def forecast_lines(ground: ForecastGround) -> Iterator[str]:
    """What a forecast rests on, and why it is not computed anew."""
    said, own = ground.said, f"{ground.indicator}@{ground.said.version}"
    end = time_text(said.window_end)
    yield f"数字凭证 voucher   {said.indicator}@{said.version}/{said.region}/{end}#{said.revision}"
    yield f"  预测 forecast    {_number(said.value)}"
    yield f"  发布 published   {time_text(said.published_at)}  定义包 bundle {said.bundle}"
    if ground.first_end is None or ground.last_end is None:
        yield f"  依据 rests on    {own}: 档案中已无其完整值 the archive holds none of its values"
    else:
        yield (
            f"  依据 rests on    {own}  {ground.windows} 个完整窗口 complete windows"
            f"  {time_text(ground.first_end)} .. {time_text(ground.last_end)}"
        )
    yield (
        "  不重算 not recomputed: 预测出自引擎检查点中的模型，模型逐窗学习了全部区域的历史，不是某个窗口的行的汇总"
        " a forecast is the word of the model in the engine's checkpoint, which has learnt window by window from all"
        " regions; it is no fold of the rows of a window. Check the values that it rests on."
    )
