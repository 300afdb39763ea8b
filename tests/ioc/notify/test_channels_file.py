"""channels.toml: closed, checked as a whole, and it says who is reached by what in which order."""

from __future__ import annotations

from pathlib import Path

import pytest

from ioc.notify.channels_file import FILE, Channels, load
from ioc.packs.files import PackErrors

FULL = """
[channel.group]
kind = "im"
url = "wecombot://{key}"
secret.key = { env = "IOC_TEST_KEY" }

[channel.letters]
kind = "mail"
url = "mailtos://duty:{password}@mail.example"
secret.password = { env = "IOC_TEST_PASSWORD" }
exercises = true

[[reach]]
who = "role:leader"
channels = ["letters", "group"]

[[reach]]
who = "post:subdistrict:*"
channels = ["group"]
"""


def written(home: Path, text: str) -> Channels:
    (home / FILE).write_text(text, encoding="utf-8")
    return load(home)


def test_without_the_file_there_are_no_channels(tmp_path: Path):
    assert load(tmp_path) == Channels({}, ())


def test_the_channels_to_somebody_in_the_order_of_the_kinds_that_are_asked_for(tmp_path: Path):
    found = written(tmp_path, FULL)
    assert found.ways("role:leader", ["im", "mail"], "live") == ("group", "letters")
    assert found.ways("role:leader", [], "live") == ("letters", "group")
    assert found.ways("role:leader", ["sms"], "live") == ("letters", "group")
    assert found.ways("post:subdistrict:440303001", ["im"], "live") == ("group",)
    assert found.ways("role:duty", ["im"], "live") == ()


def test_an_exercise_reaches_nobody_by_a_channel_that_does_not_say_so(tmp_path: Path):
    assert written(tmp_path, FULL).ways("role:leader", ["im", "mail"], "exercise-1") == ("letters",)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('kind = "im"', 'kind = "pigeon"', "channels.toml:channel.group.kind:0: type"),
        ('channels = ["group"]', 'channels = ["grup"]', "channels.toml:reach.2.channels:0: unknown-name"),
        ("{key}", "{kee}", "channels.toml:channel.group.secret:0: unknown-name"),
        ('who = "role:leader"', 'who = "leader"', "channels.toml:reach.1.who:0: type"),
        ('kind = "im"', 'kind = "im"\npassword = "x"', "channels.toml:channel.group.password:0: unknown-key"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_key(tmp_path: Path, old: str, new: str, fault: str):
    with pytest.raises(PackErrors) as refused:
        written(tmp_path, FULL.replace(old, new, 1))
    assert refused.value.lines[0].startswith(fault)
