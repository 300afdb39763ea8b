"""Settings: defaults, addresses, and variables that nobody knows."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from ioc.settings import SOCKET_PATH_LIMIT, Settings, unknown_variables


def test_an_unknown_variable_is_named_with_the_nearest_setting() -> None:
    assert unknown_variables({"IOC_WEB_PROT": "1", "PATH": ""}) == [
        "unknown setting IOC_WEB_PROT: did you mean IOC_WEB_PORT?"
    ]


def test_a_known_variable_and_a_foreign_one_give_no_warning() -> None:
    assert unknown_variables({"IOC_DATA_DIR": "x", "IOCTL": "y", "IOC_PARENT_PID": "1"}) == []


def test_a_port_out_of_range_is_refused_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IOC_WEB_PORT", "70000")
    with pytest.raises(ValidationError, match="web_port"):
        Settings()


def test_the_database_lies_in_the_data_directory_unless_named(tmp_path: Path) -> None:
    assert Settings(data_dir=tmp_path).sql_url == f"sqlite:///{tmp_path}/ioc.sqlite3"
    assert Settings(database_url="postgresql://h/d").sql_url == "postgresql://h/d"


def test_the_socket_lies_in_the_data_directory(tmp_path: Path) -> None:
    assert Settings(data_dir=tmp_path).socket_path == tmp_path / "valkey.sock"


def test_a_data_directory_too_deep_for_a_socket_gets_a_short_one_of_its_own(tmp_path: Path) -> None:
    deep = tmp_path / ("深" * 40)
    other = tmp_path / ("浅" * 40)
    deep.mkdir()
    other.mkdir()
    short = Settings(data_dir=deep).socket_path
    assert len(str(short).encode()) <= SOCKET_PATH_LIMIT
    assert short != Settings(data_dir=other).socket_path
    assert short == Settings(data_dir=deep).socket_path


def test_own_pages_and_named_origins_may_open_sockets() -> None:
    settings = Settings(web_port=9000, allowed_origins="https://ioc.example/, ")
    assert settings.origins == {"http://127.0.0.1:9000", "http://localhost:9000", "https://ioc.example"}
