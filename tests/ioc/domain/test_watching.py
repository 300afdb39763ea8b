"""Who watches a camera: leases that are renewed, run out and count people, not pages."""

from __future__ import annotations

import pytest

from ioc.domain.watching import Lease, UnknownLeaseVersion, Watcher, camera, lease, renewed, watchers

T0 = 1_790_000_000_000
ONE, TWO = camera("live", "cameras", "CAM1"), camera("live", "cameras", "路口/2")
WHO = {"by": "ling", "title": "领导 凌", "screen": ""}


def test_what_was_watched_before_keeps_its_beginning_and_what_is_new_begins_now() -> None:
    first, opened, closed = renewed(None, **WHO, cameras=[ONE], now_ms=T0)
    assert (opened, closed) == ((ONE,), ())
    second, opened, closed = renewed(first, **WHO, cameras=[ONE, TWO], now_ms=T0 + 5_000)
    assert second.cameras == {ONE: T0, TWO: T0 + 5_000}
    assert (opened, closed) == ((TWO,), ())
    third, opened, closed = renewed(second, **WHO, cameras=[TWO], now_ms=T0 + 6_000)
    assert third.cameras == {TWO: T0 + 5_000}
    assert (opened, closed) == ((), (ONE,))


def test_a_lease_that_ran_out_or_was_somebody_elses_begins_anew() -> None:
    first, _, _ = renewed(None, **WHO, cameras=[ONE], now_ms=T0)
    late, opened, _ = renewed(first, **WHO, cameras=[ONE], now_ms=T0 + 20_000)
    assert late.cameras == {ONE: T0 + 20_000}
    assert opened == (ONE,)
    other, opened, _ = renewed(first, by="wei", title="", screen="", cameras=[ONE], now_ms=T0 + 1)
    assert other.cameras == {ONE: T0 + 1}
    assert opened == (ONE,)


def test_two_pages_of_one_person_are_one_watcher_since_the_first_of_them() -> None:
    leases = [
        Lease("ling", "凌", "", {ONE: T0 + 9}, T0 + 100),
        Lease("ling", "凌", "", {ONE: T0 + 3, TWO: T0}, T0 + 100),
        Lease("device-1", "大厅", "main", {ONE: T0 + 5}, T0 + 100),
        Lease("gone", "走", "", {ONE: T0}, T0 + 50),
    ]
    assert watchers(leases, T0 + 50) == {
        ONE: (Watcher("ling", "凌", "", T0 + 3), Watcher("device-1", "大厅", "main", T0 + 5)),
        TWO: (Watcher("ling", "凌", "", T0),),
    }


def test_a_lease_is_read_as_it_was_written_and_another_version_is_refused() -> None:
    held = Lease("ling", "凌", "main", {ONE: T0}, T0 + 20_000)
    assert lease(held.to_json()) == held
    with pytest.raises(UnknownLeaseVersion):
        lease('{"v":2}')
    with pytest.raises(UnknownLeaseVersion):
        lease("[]")
