"""Alarm events and their JSON form."""

import json
from dataclasses import replace

import pytest

from metrics.alarm_event import AlarmEvent, UnknownAlarmEventVersion

EVENT = AlarmEvent(
    world="live", indicator="T1", version=2, region="440303", dims=(("road", "深南东路"), ("class", "主干")),
    condition="level", kind="escalated", level_before="yellow", level_after="red", value=8.5, z=None, limit=8.0,
    window_start=0, window_end=300_000, at=300_000, begun=0, number=1, samples=12, revision=0,
    quality="complete", origin="real",
)  # fmt: skip


def test_an_event_is_read_as_it_was_written():
    assert AlarmEvent.from_json(EVENT.to_json()) == EVENT


def test_the_json_form_is_stable():
    # the fingerprint: sha256 of ["live","T1","440303",[["road","深南东路"],["class","主干"]],"level",0]
    assert EVENT.to_json() == (
        '{"at":300000,"begun":0,"condition":"level","dims":[["road","深南东路"],["class","主干"]],"fingerprint":"8b6e486151a0c20d",'
        '"id":"8b6e486151a0c20d:1","indicator":"T1","kind":"escalated","level_after":"red","level_before":"yellow",'
        '"limit":8.0,"number":1,"origin":"real","quality":"complete","region":"440303","revision":0,"samples":12,'
        '"v":1,"value":8.5,"version":2,"window_end":300000,"window_start":0,"world":"live","z":null}'
    )


def test_the_events_of_an_alarm_share_its_fingerprint_and_differ_in_their_id():
    cleared = replace(EVENT, kind="cleared", level_after=None, number=2, window_end=600_000, version=3)
    assert cleared.fingerprint == EVENT.fingerprint
    assert cleared.id != EVENT.id


@pytest.mark.parametrize(
    "other", [{"world": "exercise-1"}, {"region": "440304"}, {"dims": ()}, {"condition": "stale"}, {"begun": 1}]
)
def test_another_world_group_condition_or_episode_is_another_alarm(other):
    assert replace(EVENT, **other).fingerprint != EVENT.fingerprint


def test_an_event_of_another_version_is_refused():
    with pytest.raises(UnknownAlarmEventVersion, match="2"):
        AlarmEvent.from_json(json.dumps({"v": 2}))
