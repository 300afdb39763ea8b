"""`connectors.toml` is closed: what is wrong in it is told with file and key, before anything is connected to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ioc.packs.files import PackErrors
from ioc.services.outward import allowed
from ioc.sources.connect.cap_source import CapWay
from ioc.sources.connect.connectors import connectors
from ioc.sources.connect.drop import DropWay
from ioc.sources.connect.mqtt import MqttWay
from tests.ioc.sources.connect.wire import definitions

ALLOWED = allowed("https://met.example, mqtts://b.example")
CAP = '[cap.met]\nurls = ["https://met.example/all"]\n'


def made(tmp_path: Path, text: str) -> dict[str, list[str]]:
    """Source -> the names of its connectors."""
    (tmp_path / "connectors.toml").write_text(text, encoding="utf-8")
    return {name: [one.name for one in parts] for name, parts in connectors(tmp_path, ALLOWED, definitions()).items()}


def test_without_the_file_there_are_no_connectors(tmp_path: Path) -> None:
    assert connectors(tmp_path, ALLOWED, definitions()) == {}


def test_connectors_stand_by_the_source_that_they_feed(tmp_path: Path) -> None:
    assert made(tmp_path, CAP + '[cap.files]\nfolder = "cap"\n') == {"warning": ["met", "files"]}


def test_a_folder_lies_in_the_data_directory_unless_it_is_absolute(tmp_path: Path) -> None:
    (tmp_path / "connectors.toml").write_text(f'[cap.a]\nfolder = "in"\n[cap.b]\nfolder = "{tmp_path}/other"\n')
    ways = [one.way for one in connectors(tmp_path, ALLOWED, definitions())["warning"]]
    folders = [way.inbox.folder for way in ways if isinstance(way, CapWay) and way.inbox]
    assert folders == [tmp_path / "in", tmp_path / "other"]


MQTT = '[mqtt.m]\nsource = "rain"\nurl = "mqtts://b.example"\ntopics = ["a/+"]\n'
STA = '[sensorthings.s]\nsource = "iot"\nurl = "https://met.example/v1.1"\nfield = "reading"\n'
DROP = '[drop.gauges]\nsource = "rain"\n'


def test_files_are_declared_with_their_columns(tmp_path: Path) -> None:
    text = DROP + '[drop.gauges.fields]\ntime = { path = ["日期", "时刻"], format = "%Y/%m/%d %H:%M" }\nmm = "雨量"\n'
    (tmp_path / "connectors.toml").write_text(text + 'station = { const = "RG01" }\n', encoding="utf-8")
    [one] = connectors(tmp_path, ALLOWED, definitions())["rain"]
    assert isinstance(one.way, DropWay)
    assert one.way.inbox.folder == tmp_path / "drop" / "gauges"
    row = {"日期": "2026/9/7", "时刻": "19:30", "雨量": "0.5"}
    assert one.way.shape.row(row) == {"time": "2026-09-07T19:30:00.000", "mm": "0.5", "station": "RG01"}


def test_the_session_of_a_broker_keeps_its_name(tmp_path: Path) -> None:
    (tmp_path / "connectors.toml").write_text(MQTT, encoding="utf-8")
    first, again = (connectors(tmp_path, ALLOWED, definitions())["rain"][0].way for _ in range(2))
    assert isinstance(first, MqttWay)
    assert isinstance(again, MqttWay)
    assert first.client == again.client


def test_a_secret_in_a_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")
    text = CAP + f'header = "Authorization"\nsecret = {{ file = "{secret}" }}\n'
    secret.chmod(0o640)
    with pytest.raises(PackErrors, match=r"cap\.met\.secret:0: unreadable.*chmod 600"):
        made(tmp_path, text)
    secret.chmod(0o600)
    assert made(tmp_path, text) == {"warning": ["met"]}


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_the_example_that_people_read_is_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, readme: str) -> None:
    text = (Path(__file__).resolve().parents[4] / readme).read_text(encoding="utf-8")
    [example] = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    (tmp_path / "connectors.toml").write_text(example, encoding="utf-8")
    monkeypatch.setenv("BROKER_PASSWORD", "s3cret")
    hosts = sorted(set(re.findall(r"\w+://[a-z.]+", example)))
    found = connectors(tmp_path, allowed(",".join(hosts)), definitions())
    assert {"warning", "iot", "rain"} <= set(found)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (CAP + "colour = 1\n", "connectors.toml:cap.met.colour:0: unknown-key"),
        ("[soap.x]\n", "connectors.toml:soap:0: unknown-key"),
        ("[cap.met]\n", "connectors.toml:cap.met:0: type: messages come from urls"),
        (CAP + 'source = "nothing"\n', "connectors.toml:cap.met.source:0: unknown-name"),
        (CAP + 'source = "rain"\n', "connectors.toml:cap.met.source:0: unknown-name: rain lacks"),
        (CAP + 'origin = "maybe"\n', "connectors.toml:cap.met.origin:0: type"),
        (CAP + "every_s = 0\n", "connectors.toml:cap.met.every_s"),
        (CAP.replace("https", "http"), "connectors.toml:cap.met.urls:0: blocked"),
        (CAP.replace("met.example", "met.example:8443"), "connectors.toml:cap.met.urls:0: blocked"),
        (CAP.replace("https://", "ftp://"), "connectors.toml:cap.met.urls.1:0: type"),
        (CAP + 'header = "Authorization"\n', "header and secret belong together"),
        (CAP + 'header = "Authorization"\nsecret = {}\n', "connectors.toml:cap.met.secret:0: type"),
        (CAP + 'header = "A"\nsecret = { file = "/no/such" }\n', "connectors.toml:cap.met.secret:0: unreadable"),
        (CAP + 'header = "A"\nsecret = { env = "NO_SUCH_SECRET" }\n', "NO_SUCH_SECRET is not set"),
        (CAP + '[cap.b]\nfolder = "x"\norigin = "simulated"\n', "connectors.toml:cap.b.origin:0: origin"),
        (DROP + '[drop.gauges.fields]\nmmm = "x"\n', "connectors.toml:drop.gauges.fields.mmm:0: unknown-name"),
        (DROP + "[drop.gauges.fields]\nmm = {}\n", "connectors.toml:drop.gauges.fields.mm"),
        (DROP + "[drop.gauges.fields]\nmm = { path = 'a', const = 'b' }\n", "one of path, topic and const"),
        (DROP + "[drop.gauges.fields]\nmm = { path = 'a', by = 2 }\n", "connectors.toml:drop.gauges.fields.mm"),
        ("[drop.gauges]\n", "connectors.toml:drop.gauges.source:0: missing-key"),
        (CAP + '[drop.met]\nsource = "rain"\n', "connectors.toml:met:0: duplicate-id"),
        (MQTT.replace("a/+", "a+/b"), "connectors.toml:mqtt.m.topics.1:0: type: no topic filter"),
        (MQTT.replace("a/+", "#/b"), "connectors.toml:mqtt.m.topics.1:0: type: no topic filter"),
        (MQTT.replace("mqtts://b", "mqtts://c"), "connectors.toml:mqtt.m.url:0: blocked"),
        (MQTT.replace("mqtts", "https"), "connectors.toml:mqtt.m.url:0: type"),
        (MQTT + "qos = 2\n", "connectors.toml:mqtt.m.qos"),
        (MQTT + 'password = "s3cret"\n', "connectors.toml:mqtt.m.password:0: type"),
        (STA.replace("met.example", "10.0.0.1"), "connectors.toml:sensorthings.s.url:0: blocked"),
        (STA.replace("reading", "speed"), "connectors.toml:sensorthings.s.field:0: unknown-name"),
        (STA + 'const = { colour = "x" }\n', "connectors.toml:sensorthings.s.const.colour:0: unknown-name"),
        (STA + 'since = "ever"\n', "connectors.toml:sensorthings.s.since:0: type"),
        ("[cap.met\n", "connectors.toml:1:9: syntax"),
    ],
)
def test_what_is_wrong_is_told_with_its_key(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(PackErrors) as fault:
        made(tmp_path, text)
    assert told in str(fault.value)
