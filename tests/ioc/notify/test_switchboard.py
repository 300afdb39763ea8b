"""The channels in force are those of the file as it stands; a faulty file leaves those that were."""

from __future__ import annotations

from pathlib import Path

from ioc.notify.channels_file import FILE
from ioc.notify.switchboard import Switchboard
from ioc.services.outward import notified

GOOD = """
[channel.a]
kind = "im"
url = "json://127.0.0.1:1/"
[channel.b]
kind = "sms"
url = "wecombot://{key}"
secret.key = { env = "IOC_TEST_NO_SUCH_KEY" }
[[reach]]
who = "role:duty"
channels = ["b", "a"]
"""


def test_a_changed_file_is_read_anew_and_a_faulty_one_keeps_the_old(tmp_path: Path):
    board = Switchboard(tmp_path, notified(""))
    assert (board.ways()("role:duty", [], "live"), dict(board.outlets())) == ((), {})
    (tmp_path / FILE).write_text(GOOD, encoding="utf-8")
    assert board.ways()("role:duty", [], "live") == ("b", "a")
    assert list(board.outlets()) == ["a"]
    assert board.faults == ("b: the environment variable IOC_TEST_NO_SUCH_KEY is not set",)
    (tmp_path / FILE).write_text(GOOD + "nonsense", encoding="utf-8")
    assert board.ways()("role:duty", [], "live") == ("b", "a")
    assert len(board.faults) == 1
    (tmp_path / FILE).unlink()
    assert board.ways()("role:duty", [], "live") == ()
