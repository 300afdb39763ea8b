"""Who looks at a dossier is seen by the others, until they turn away or are silent."""

from __future__ import annotations

import pytest
import redis

from ioc.services.viewing import Viewer, leave, look, viewers

T0 = 1_790_000_000_000
LI, WANG = Viewer("li", "李"), Viewer("wang", "王")
pytestmark = pytest.mark.service


def test_the_others_who_look_are_named_and_oneself_is_not(redis_client: redis.Redis):
    assert look(redis_client, "a", LI, T0) == ()
    assert look(redis_client, "a", WANG, T0 + 1) == (LI,)
    assert look(redis_client, "b", WANG, T0 + 1) == ()
    leave(redis_client, "a", WANG)
    assert look(redis_client, "a", LI, T0 + 2) == ()


def test_who_is_silent_is_not_there_any_more(redis_client: redis.Redis):
    look(redis_client, "a", LI, T0)
    assert viewers(redis_client, "a", T0 + 14_999) == (LI,)
    assert viewers(redis_client, "a", T0 + 15_000) == ()
    look(redis_client, "a", WANG, T0 + 20_000)
    assert redis_client.zcard("ioc:viewing") == 1
