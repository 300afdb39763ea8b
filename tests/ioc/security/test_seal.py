"""A seal: opened with any of its keys, closed with the first, drawn once for all processes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from ioc.security.seal import NoKey, Seal, Unreadable
from ioc.settings import Settings
from ioc.settings_error import WrongSettings

OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))


def test_what_an_older_key_closed_opens_after_the_keys_were_changed():
    closed = Seal([OLD]).close("secret")
    assert "secret" not in closed
    assert Seal([NEW, OLD]).open(closed) == "secret"
    with pytest.raises(Unreadable):
        Seal([NEW]).open(closed)


def test_what_was_kept_before_there_were_seals_is_as_it_was():
    assert Seal().open("plain") == "plain"


def test_without_a_key_nothing_is_closed_and_nothing_opened():
    with pytest.raises(NoKey):
        Seal().close("secret")
    with pytest.raises(Unreadable):
        Seal().open(Seal([OLD]).close("secret"))


def test_a_changed_text_does_not_open():
    closed = Seal([OLD]).close("secret")
    with pytest.raises(Unreadable):
        Seal([OLD]).open(closed[:-6] + ("A" if closed[-6] != "A" else "B") + closed[-5:])


def test_a_key_is_drawn_once_for_us_alone_whoever_comes_at_the_same_moment(tmp_path: Path):
    file = tmp_path / "second_factor.key"
    with ThreadPoolExecutor(8) as pool:
        closed = list(pool.map(lambda at: Seal(file=file).close(f"secret {at}"), range(32)))
    assert [Seal(file=file).open(each) for each in closed] == [f"secret {at}" for at in range(32)]
    assert file.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == [file.name]


def test_looking_draws_no_key(tmp_path: Path):
    assert Seal(file=tmp_path / "key").open("plain") == "plain"
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_is_none_is_refused_by_name_and_not_shown(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("IOC_SECOND_FACTOR_KEY", f"{OLD}, no-key-of-mine")
    with pytest.raises(WrongSettings) as refused:
        Settings()
    assert "IOC_SECOND_FACTOR_KEY" in str(refused.value)
    assert "2" in str(refused.value)
    assert "no-key-of-mine" not in str(refused.value)
