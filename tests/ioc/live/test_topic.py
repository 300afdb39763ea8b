import pytest

from ioc.live.topic import Topic, TopicError, permits


def test_a_topic_is_a_world_and_a_scene():
    assert Topic.parse("live/traffic") == Topic("live", "traffic")
    assert str(Topic("replay", "operations")) == "replay/operations"


@pytest.mark.parametrize(
    "text", ["", "live", "live/", "/traffic", "live/a/", "live/a/b/c", "live/*", "live/traffic\n", "l" * 65 + "/x"]
)
def test_what_is_not_two_ids_is_no_topic(text):
    with pytest.raises(TopicError):
        Topic.parse(text)


def test_a_layer_of_a_map_is_a_topic_that_who_may_see_the_scene_may_see():
    assert Topic.parse("live/emergency/units") == Topic("live", "emergency", "units")
    assert str(Topic("live", "emergency", "units")) == "live/emergency/units"
    assert permits(["*/emergency"], Topic("live", "emergency", "units"))
    assert not permits(["*/traffic"], Topic("live", "emergency", "units"))


def test_a_star_stands_for_any_one_world_or_scene():
    assert permits(["*/traffic"], Topic("replay", "traffic"))
    assert permits(["live/*"], Topic("live", "operations"))
    assert not permits(["*/traffic"], Topic("live", "operations"))
    assert not permits(["live/traffic"], Topic("replay", "traffic"))
    assert not permits([], Topic("live", "traffic"))
    assert not permits(["*"], Topic("live", "traffic"))
