"""A device on a wall: a code, an approval, sessions that renew themselves, and an end at once."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from ioc.domain.screen_right import Screen
from ioc.security.role import Role
from ioc.services import people, screens
from ioc.services.refusals import CodeRefused, TooManyDevices, UnknownDevice, UnknownScreen
from ioc.services.screen_devices import CODE_MS, RENEWED_MS, approve, ask, devices, enter, find, revoke
from ioc.services.sign_in import find_visit
from ioc.store.unit import Store

T0 = 1_790_000_000_000
HALL = "10.1.2.3"


def approved(store: Store) -> tuple[str, str]:
    """Id and cookie of a device that shows `main`."""
    device, token = ask(store, HALL, T0)
    approve(store, device.code, "main", by="ops", now_ms=T0 + 1)
    return device.id, token


def test_a_code_is_eight_characters_that_can_be_read_off_a_wall(store: Store):
    device, _ = ask(store, HALL, T0)
    assert len(device.code) == 8
    assert set(device.code).isdisjoint("01IO")
    assert (device.state, device.code_until_ms) == ("waiting", T0 + CODE_MS)
    assert [each.code for each in devices(store, T0)] == [device.code]


def test_an_approved_device_gets_a_read_only_session_of_its_own_screen_and_address(store: Store):
    device, token = ask(store, HALL, T0)
    assert enter(store, token, HALL, T0) is None
    typed = f" {device.code[:4].lower()}-{device.code[4:]} "
    assert approve(store, typed, "main", by="ops", now_ms=T0 + 5).screen == "main"
    opened = enter(store, token, HALL, T0 + 10)
    assert opened is not None
    visit = find_visit(store, opened.token, T0 + 20)
    assert visit is not None
    assert (visit.roles, visit.device, visit.screen, visit.address) == ({Role.WALL}, True, "main", HALL)


def test_at_another_address_the_cookie_opens_nothing(store: Store):
    _, token = approved(store)
    assert enter(store, token, "10.9.9.9", T0 + 10) is None
    assert enter(store, token + "x", HALL, T0 + 10) is None


def test_a_code_works_once_and_for_ten_minutes(store: Store):
    first, _ = ask(store, HALL, T0)
    approve(store, first.code, "main", by="ops", now_ms=T0)
    with pytest.raises(CodeRefused):
        approve(store, first.code, "main", by="ops", now_ms=T0)
    second, token = ask(store, HALL, T0)
    with pytest.raises(CodeRefused):
        approve(store, second.code, "main", by="ops", now_ms=T0 + CODE_MS)
    with pytest.raises(CodeRefused):
        approve(store, "", "main", by="ops", now_ms=T0)
    assert find(store, token, T0 + CODE_MS).state == "expired"


def test_a_device_is_approved_for_a_screen_that_there_is(store: Store):
    device, _ = ask(store, HALL, T0)
    with pytest.raises(UnknownScreen):
        approve(store, device.code, "nowhere", by="ops", now_ms=T0)
    assert find(store, "unknown", T0) is None


def test_a_device_goes_on_for_ever_and_old_sessions_of_it_run_out(store: Store):
    _, token = approved(store)
    first = enter(store, token, HALL, T0 + 10)
    second = enter(store, token, HALL, T0 + 10 + RENEWED_MS)
    assert find_visit(store, first.token, T0 + 20 + RENEWED_MS) is not None  # the page that is open still uses it
    year = 365 * RENEWED_MS
    third = enter(store, token, HALL, T0 + year)
    assert [find_visit(store, each.token, T0 + year + 1) is not None for each in (first, second, third)] == [
        False, False, True,
    ]  # fmt: skip


def test_a_revoked_device_ends_with_all_its_sessions_and_never_comes_back(store: Store):
    device_id, token = approved(store)
    opened = enter(store, token, HALL, T0 + 10)
    gone, ended = revoke(store, device_id[:8], by="ops", now_ms=T0 + 20)
    assert (gone.state, ended) == ("revoked", [opened.visit.session])
    assert find_visit(store, opened.token, T0 + 21) is None
    assert enter(store, token, HALL, T0 + 21) is None
    assert find(store, token, T0 + 21).state == "revoked"
    assert revoke(store, device_id, by="x", now_ms=T0 + 30)[0].revoked_ms == T0 + 20
    for wrong in ("", device_id[:7], "0" * 32):
        with pytest.raises(UnknownDevice):
            revoke(store, wrong, by="ops", now_ms=T0)


def test_a_device_whose_account_is_disabled_or_given_more_or_whose_screen_is_gone_gets_no_session(store: Store):
    _, token = approved(store)
    name = next(each.name for each in people.everyone(store) if each.name.startswith("screen.main."))
    people.grant_role(store, name, Role.LEADER, T0)
    assert enter(store, token, HALL, T0 + 10) is None
    people.revoke_role(store, name, Role.LEADER, T0)
    assert enter(store, token, HALL, T0 + 10) is not None
    screens.add_screen(store, Screen("hall", "大厅", "hall"), T0)
    screens.remove_screen(store, "main", T0)
    assert enter(store, token, HALL, T0 + 10) is None


def test_the_secret_is_stored_nowhere(store: Store):
    _, token = approved(store)
    with store.read() as unit:
        assert token not in repr(unit.execute(text("SELECT * FROM screen_device")).all())
    assert token not in repr(devices(store, T0))


def test_waiting_devices_are_bounded_and_forgotten(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ioc.services.screen_devices.MOST_WAITING", 3)
    for _ in range(3):
        ask(sqlite_store, HALL, T0)
    with pytest.raises(TooManyDevices):
        ask(sqlite_store, HALL, T0)
    assert ask(sqlite_store, HALL, T0 + 2 * CODE_MS)
    assert len(devices(sqlite_store, T0 + 2 * CODE_MS)) == 1
