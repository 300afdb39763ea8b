"""What a forecast rests on: the complete values that were published by its commit."""

from __future__ import annotations

from pathlib import Path

from ioc.offline.voucher_text import forecast_lines
from metrics.archive import Life, Strand
from metrics.archive_published import Published
from metrics.archive_rows import values
from metrics.archive_tail import Tail
from metrics.forecast_ground import ground_of, is_forecast
from metrics.stream import Place
from metrics.value import Value
from metrics.value_form import pack_values

LIFE, NOON, HOUR = Life("live"), 1_717_214_400_000, 3_600_000


def said(indicator: str, end: int, number: float, quality: str = "complete", region: str = "440303") -> Value:
    return Value(indicator, 1, region, (), end - HOUR, end, number, quality, 3)  # type: ignore[arg-type]


def archived(root: Path, commits: dict[int, list[Value]]) -> Published:
    tail = Tail(root, Strand(LIFE, "values"), values, Place())
    for at, told in commits.items():
        fields = {b"v": b"1", b"at": b"%d" % at, b"now": b"0", b"positions": b"{}", b"watermarks": b"{}",
                  b"b": pack_values(told)}  # fmt: skip
        tail.receive([[b"%d-0" % at, [cell for pair in fields.items() for cell in pair]]])
    tail.write()
    return Published(root, LIFE)


def test_it_rests_on_the_complete_windows_of_its_region_that_were_said_by_its_commit(tmp_path: Path) -> None:
    published = archived(
        tmp_path,
        {
            NOON: [said("T1", NOON, 1.0), said("T1", NOON, 7.0, region="440304")],
            NOON + HOUR: [said("T1", NOON + HOUR, 2.0), said("T1", NOON + 2 * HOUR, 9.0, "provisional"),
                          said("T1~forecast", NOON + 3 * HOUR, 2.5, "provisional")],
            NOON + 2 * HOUR: [said("T1", NOON + 2 * HOUR, 3.0)],
        },
    )  # fmt: skip
    (forecast,) = published.of("T1~forecast", [NOON + 3 * HOUR])[NOON + 3 * HOUR]
    ground = ground_of(published, forecast)
    assert (ground.windows, ground.first_end, ground.last_end) == (2, NOON, NOON + HOUR)
    assert ground.to_json()["recomputed"] is None
    text = "\n".join(forecast_lines(ground))
    assert "2 个完整窗口" in text
    assert "not recomputed" in text


def test_only_forecasts_are_forecasts() -> None:
    assert is_forecast("T1~forecast")
    assert not is_forecast("T1")
