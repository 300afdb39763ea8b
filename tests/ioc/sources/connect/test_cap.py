"""CAP 1.2 is read and written in full, and whatever is none is refused with the element that is wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from defusedxml.ElementTree import parse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ioc.sources.connect import cap
from ioc.sources.connect.cap import Alert, Area, CapError, Info, Reference, Resource
from ioc.sources.connect.cap_xml import read, write

SHANGHAI = timezone(timedelta(hours=8))
SENT = datetime(2026, 9, 7, 19, 30, tzinfo=SHANGHAI)
RAIN = Info(
    ("Met", "Safety"), "暴雨", "Immediate", "Extreme", "Observed", language="zh-CN", response=("Shelter", "Avoid"),
    audience="公众", event_codes=(("SAME", "FFW"),), effective=SENT, onset=SENT, expires=SENT + timedelta(hours=6),
    sender_name="深圳市气象台", headline="暴雨红色预警", description="三小时一百毫米", instruction="停课",
    web="https://weather.example/1", contact="12121", parameters=(("level", "red"),),
    resources=(Resource("雷达图", "image/png", "2048", "https://weather.example/r.png", "", "00ff"),),
    areas=(Area("罗湖区", ("22.5,114.1 22.6,114.1 22.6,114.2 22.5,114.1",), ("22.55,114.13 3",),
                (("行政区划", "440303"),), "0", "300"),),
)  # fmt: skip
FULL = Alert(
    "LH-1", "met@example", SENT, "Actual", "Update", "Restricted", source="自动站", restriction="内部",
    addresses="a@b", codes=("v1", "v2"), note="附注",
    references=(Reference("met@example", "LH-0", SENT - timedelta(hours=1)),), incidents="storm", infos=(RAIN,),
)  # fmt: skip


def test_a_message_with_every_element_is_read_as_it_was_written() -> None:
    assert read(write(FULL)) == FULL


def test_utc_is_written_as_the_standard_asks() -> None:
    alert = Alert("a", "b", datetime(2026, 1, 1, tzinfo=UTC), "Test", "Alert", "Public")
    assert b"<sent>2026-01-01T00:00:00-00:00</sent>" in write(alert)
    assert read(write(alert)) == alert


WORDS = st.builds(
    Info,
    category=st.lists(st.sampled_from(cap.CATEGORY), min_size=1, max_size=3).map(tuple),
    event=st.just("x"),
    urgency=st.sampled_from(cap.URGENCY),
    severity=st.sampled_from(cap.SEVERITY),
    certainty=st.sampled_from(cap.CERTAINTY),
    response=st.lists(st.sampled_from(cap.RESPONSE), max_size=3).map(tuple),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault
@given(
    info=WORDS,
    status=st.sampled_from(cap.STATUS),
    message=st.sampled_from(cap.MESSAGE),
    scope=st.sampled_from(cap.SCOPE),
)
def test_every_word_of_the_standard_is_read_and_written(info: Info, status: str, message: str, scope: str) -> None:
    referred = (Reference("s", "i", SENT),) if message != "Alert" else ()
    alert = Alert("n", "s", SENT, status, message, scope, references=referred, infos=(info,))
    assert read(write(alert)) == alert


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (b"<status>Actual<", b"<status>actual<", "alert.status: 'actual'"),
        (b"<msgType>Update<", b"<msgType>Notice<", "alert.msgType: 'Notice'"),
        (b"<category>Met<", b"<category>Weather<", "info.category: 'Weather'"),
        (b"<responseType>Avoid<", b"<responseType>Flee<", "info.responseType: 'Flee'"),
        (b"<severity>Extreme<", b"<severity>Red<", "info.severity: 'Red'"),
        (b"<urgency>Immediate</urgency>", b"", "info.urgency: "),
        (b"<identifier>LH-1<", b"<identifier>LH 1<", "alert.identifier: "),
        (b"<sent>2026-09-07T19:30:00+08:00<", b"<sent>2026-09-07T19:30:00<", "alert.sent: "),
        (b"met@example,LH-0,2026-09-07T18:30:00+08:00", b"LH-0", "references: 'LH-0'"),
        (b"met@example,LH-0,2026-09-07T18:30:00+08:00", b"", "references: Update"),
        (b"<areaDesc>", b"<areaDesc/><areaDesc>", "area.areaDesc: "),
        (
            b"<identifier>LH-1</identifier>",
            b"<identifier>1</identifier><identifier>2</identifier>",
            "alert.identifier: ",
        ),
        (b"cap:1.2", b"cap:1.1", "CAP 1.2"),
        (b"</alert>", b"", "not XML"),
    ],
)
def test_what_breaks_the_standard_is_named(old: bytes, new: bytes, told: str) -> None:
    xml = write(FULL)
    assert old in xml
    with pytest.raises(CapError) as fault:
        read(xml.replace(old, new))
    assert told in str(fault.value)


@pytest.mark.parametrize(
    "xml",
    [
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><alert>&b;</alert>',
        b'<?xml version="1.0"?><!DOCTYPE a SYSTEM "file:///etc/passwd"><alert/>',
        b"", b"\xff\xfe\x00", b"<?xml version='1.0' encoding='none-such'?><a/>", b"[1, 2]",
    ],
)  # fmt: skip
def test_entities_and_what_is_no_xml_are_refused(xml: bytes) -> None:
    with pytest.raises(CapError, match="not XML"):
        read(xml)


def test_a_published_example_is_read_and_comes_back_the_same(shared_data: Path) -> None:
    alert = read((shared_data / "cap" / "cap_amber_alert_example.xml").read_bytes())
    assert (alert.identifier, alert.status, alert.message) == ("KAR0-0306112239-SW", "Actual", "Alert")
    assert [(one.language, one.severity) for one in alert.infos] == [("en-US", "Severe"), ("es-US", "Severe")]
    assert alert.infos[0].areas[0].geocodes == (("SAME", "006037"),)
    assert read(write(alert)) == alert


def test_the_words_are_those_of_the_schema(shared_data: Path) -> None:
    schema = parse(shared_data / "cap" / "CAP-v1.2.xsd").getroot()
    xs = "{http://www.w3.org/2001/XMLSchema}"
    told = {
        one.get("name"): tuple(word.get("value") for word in one.iter(f"{xs}enumeration"))
        for one in schema.iter(f"{xs}element")
        if one.find(f".//{xs}enumeration") is not None
    }
    assert told["status"] == cap.STATUS
    assert told["msgType"] == cap.MESSAGE
    assert told["scope"] == cap.SCOPE
    assert told["category"] == cap.CATEGORY
    assert told["responseType"] == cap.RESPONSE
    assert told["urgency"] == cap.URGENCY
    assert told["severity"] == cap.SEVERITY
    assert told["certainty"] == cap.CERTAINTY
