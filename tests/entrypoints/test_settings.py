"""Settings: defaults, addresses, and variables that nobody knows."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from ioc.entrypoints.cli import COMMANDS, app
from ioc.entrypoints.source import makers
from ioc.packs.bundle import build
from ioc.settings import SOCKET_PATH_LIMIT, SOURCES, Settings, unknown_variables
from ioc.settings_error import WrongSettings


def test_an_unknown_variable_is_named_with_the_nearest_setting() -> None:
    assert unknown_variables({"IOC_WEB_PROT": "1", "PATH": ""}) == [
        "unknown setting IOC_WEB_PROT: did you mean IOC_WEB_PORT?"
    ]


def test_a_known_variable_and_a_foreign_one_give_no_warning() -> None:
    assert unknown_variables({"IOC_DATA_DIR": "x", "IOCTL": "y", "IOC_PARENT_PID": "1"}) == []


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("IOC_WEB_PORT", "abc", "IOC_WEB_PORT='abc': 须为整数 a whole number is needed, 范围 range >= 1, <= 65535"),
        ("IOC_WEB_PORT", "70000", "IOC_WEB_PORT='70000': 范围 range >= 1, <= 65535"),
        ("IOC_COMMIT_MS", "-1", "IOC_COMMIT_MS='-1': 范围 range >= 10, <= 60000"),
        ("IOC_FEED_SPEED", "fast", "IOC_FEED_SPEED='fast': 须为数 a number is needed, 范围 range > 0, <= 3600"),
        ("IOC_SECURE_COOKIES", "maybe", "IOC_SECURE_COOKIES='maybe': 须为 true 或 false true or false is needed"),
        ("IOC_LOG_LEVEL", "loud", "IOC_LOG_LEVEL='loud': 可选 one of 'debug', 'info', 'warning' or 'error'"),
        ("IOC_SOURCES", "cloud,trafic",
         "IOC_SOURCES='cloud,trafic': 没有数据源 no source 'trafic'; 可选 known: cloud, traffic, city, connectors"),
        ("IOC_REDIS_URL", "host:pass-word",
         "IOC_REDIS_URL=（不显示 not shown）:"
         " 须以 redis://、rediss:// 或 unix:// 开头 begins with redis://, rediss:// or unix://"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_told_with_variable_value_and_rule(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(WrongSettings) as caught:
        Settings()
    assert caught.value.lines == (said,)


@pytest.mark.parametrize("command", ["run", "source", "engine", "archive", "duty", "gateway", "web", "status"])
def test_a_process_with_a_wrong_setting_ends_with_2_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str
) -> None:
    monkeypatch.setenv("IOC_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("IOC_WEB_PORT", "abc")
    monkeypatch.setenv("IOC_METRICS_TOKEN", "the-secret")
    monkeypatch.setenv("IOC_COMMIT_MS", "1")
    assert command in COMMANDS
    result = CliRunner().invoke(app, [command])
    assert result.exit_code == 2
    assert [line.split("=")[0] for line in result.stderr.splitlines()] == [
        "设置有误 wrong setting: IOC_WEB_PORT",
        "设置有误 wrong setting: IOC_COMMIT_MS",
    ]
    assert "the-secret" not in result.output


def test_the_sources_that_a_setting_may_name_are_those_that_can_be_run() -> None:
    assert tuple(makers(Settings(), build())) == SOURCES


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
