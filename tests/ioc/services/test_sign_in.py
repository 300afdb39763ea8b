"""Coming in and going out, on each database engine."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from ioc.security.role import Role
from ioc.services.links import add_link, renew_links
from ioc.services.people import add_person, disable_person, grant_role, revoke_role, set_password
from ioc.services.refusals import LinkRefused
from ioc.services.sign_in import (
    Refused,
    SignedIn,
    ended_since,
    find_visit,
    note_activity,
    sign_in,
    sign_out,
    use_link,
)
from ioc.store.tables import OneTimeLinkRow, SessionRow
from ioc.store.unit import Store

T0 = 1_790_000_000_000
MINUTE = 60_000
HOUR = 60 * MINUTE
GOOD, BAD = "Sunny-Day-42", "Rainy-Day-42"


@pytest.fixture
def zhang(store: Store) -> Store:
    add_person(store, "zhang", [Role.DUTY], GOOD, T0)
    return store


def enter(store: Store, now: int = T0, **options: str) -> SignedIn:
    outcome = sign_in(store, "zhang", GOOD, "10.0.0.9", now, **options)
    assert isinstance(outcome, SignedIn), outcome
    return outcome


def test_the_right_password_opens_a_session_with_the_persons_roles(zhang: Store):
    opened = enter(zhang)
    visit = find_visit(zhang, opened.token, T0 + 1)
    assert visit is not None
    assert (visit.name, visit.roles, visit.device) == ("zhang", {Role.DUTY}, False)


def test_the_account_name_is_found_whatever_its_case(zhang: Store):
    assert isinstance(sign_in(zhang, " ZHANG ", GOOD, "", T0), SignedIn)


def test_the_table_of_sessions_holds_no_token(zhang: Store):
    opened = enter(zhang)
    with zhang.read() as unit:
        assert unit.scalars(select(SessionRow.id)).all() == [opened.visit.session]
    assert opened.token != opened.visit.session
    assert find_visit(zhang, opened.visit.session, T0) is None


def test_a_wrong_password_and_an_unknown_name_are_refused_alike(zhang: Store):
    assert sign_in(zhang, "zhang", BAD, "", T0) == Refused("wrong", left=4)
    assert sign_in(zhang, "nobody", BAD, "", T0) == Refused("wrong", left=4)


def test_five_failures_lock_the_account_for_fifteen_minutes_even_for_the_right_password(zhang: Store):
    outcomes = [sign_in(zhang, "zhang", BAD, "", T0 + second) for second in range(5)]
    assert outcomes[3] == Refused("wrong", left=1)
    assert outcomes[4] == Refused("locked", until_ms=T0 + 15 * MINUTE)
    assert sign_in(zhang, "zhang", GOOD, "", T0 + 14 * MINUTE) == Refused("locked", until_ms=T0 + 15 * MINUTE)
    assert isinstance(sign_in(zhang, "zhang", GOOD, "", T0 + 15 * MINUTE), SignedIn)


def test_a_success_forgives_the_failures_before_it(zhang: Store):
    for second in range(4):
        sign_in(zhang, "zhang", BAD, "", T0 + second)
    enter(zhang, T0 + 10)
    assert sign_in(zhang, "zhang", BAD, "", T0 + 20) == Refused("wrong", left=4)


def test_many_guesses_at_once_count_as_five(zhang: Store):
    with ThreadPoolExecutor(12) as pool:
        outcomes = list(pool.map(lambda n: sign_in(zhang, "zhang", f"{BAD}{n}", "", T0), range(12)))
    assert sum(isinstance(outcome, Refused) and outcome.why == "wrong" for outcome in outcomes) == 4
    assert sum(isinstance(outcome, Refused) and outcome.why == "locked" for outcome in outcomes) == 8


def test_a_lock_on_one_account_leaves_the_others_open(zhang: Store):
    for second in range(5):
        sign_in(zhang, "other", BAD, "", T0 + second)
    enter(zhang, T0 + 10)


def test_each_sign_in_makes_a_new_session_and_ends_the_browsers_old_one(zhang: Store):
    first = enter(zhang)
    second = enter(zhang, T0 + 1, old_token=first.token)
    assert first.token != second.token
    assert find_visit(zhang, first.token, T0 + 2) is None
    assert find_visit(zhang, second.token, T0 + 2) is not None


def test_a_session_id_given_by_the_browser_is_never_taken_over(zhang: Store):
    planted = "A" * 43
    opened = enter(zhang, old_token=planted)
    assert opened.token != planted
    assert find_visit(zhang, planted, T0) is None


def test_a_session_ends_after_fifteen_idle_minutes(zhang: Store):
    token = enter(zhang).token
    assert find_visit(zhang, token, T0 + 15 * MINUTE - 1) is not None
    assert find_visit(zhang, token, T0 + 15 * MINUTE) is None


def test_activity_prolongs_a_session_up_to_twelve_hours(zhang: Store):
    opened = enter(zhang)
    note_activity(zhang, opened.visit.session, T0 + 12 * HOUR - MINUTE)
    assert find_visit(zhang, opened.token, T0 + 12 * HOUR - 1) is not None
    assert find_visit(zhang, opened.token, T0 + 12 * HOUR) is None


def test_a_session_is_over_when_one_signs_out(zhang: Store):
    opened = enter(zhang)
    assert sign_out(zhang, opened.token, T0 + 1) == opened.visit.session
    assert find_visit(zhang, opened.token, T0 + 2) is None
    assert sign_out(zhang, opened.token, T0 + 3) is None
    assert ended_since(zhang, T0) == [opened.visit.session]


def test_a_revoked_role_ends_the_sessions(zhang: Store):
    opened = enter(zhang)
    grant_role(zhang, "zhang", Role.ANALYST, T0)
    visit = find_visit(zhang, opened.token, T0 + 1)
    assert visit is not None
    assert visit.roles == {Role.DUTY, Role.ANALYST}
    _, ended = revoke_role(zhang, "zhang", Role.DUTY, T0 + 2)
    assert ended == [opened.visit.session]
    assert find_visit(zhang, opened.token, T0 + 3) is None


def test_a_disabled_account_ends_its_sessions_and_opens_none(zhang: Store):
    opened = enter(zhang)
    disable_person(zhang, "zhang", T0 + 1)
    assert find_visit(zhang, opened.token, T0 + 2) is None
    assert sign_in(zhang, "zhang", GOOD, "", T0 + 3) == Refused("wrong", left=4)


def test_a_new_password_ends_sessions_made_with_the_old_one(zhang: Store):
    opened = enter(zhang)
    set_password(zhang, "zhang", "Other-Day-42", T0 + 1)
    assert find_visit(zhang, opened.token, T0 + 2) is None
    assert isinstance(sign_in(zhang, "zhang", GOOD, "", T0 + 3), Refused)
    assert isinstance(sign_in(zhang, "zhang", "Other-Day-42", "", T0 + 4), SignedIn)


def test_a_password_older_than_six_months_no_longer_opens(zhang: Store):
    assert sign_in(zhang, "zhang", GOOD, "", T0 + 183 * 24 * HOUR) == Refused("password_expired")


def test_an_account_without_a_role_stays_outside(store: Store):
    add_person(store, "zhang", [], GOOD, T0)
    assert sign_in(store, "zhang", GOOD, "", T0) == Refused("no_role")


def test_a_wall_is_a_device_that_is_never_idle(store: Store):
    token = renew_links(store, T0)[Role.WALL]
    opened = use_link(store, token, "127.0.0.1", T0, here=True)
    assert opened.visit.device
    assert find_visit(store, opened.token, T0 + 11 * HOUR) is not None


def test_each_role_gets_a_link_that_opens_its_role_once(store: Store):
    tokens = renew_links(store, T0)
    assert set(tokens) == set(Role)
    opened = use_link(store, tokens[Role.AUDITOR], "127.0.0.1", T0 + 1, here=True)
    assert opened.visit.roles == {Role.AUDITOR}
    with pytest.raises(LinkRefused) as refused:
        use_link(store, tokens[Role.AUDITOR], "127.0.0.1", T0 + 2, here=True)
    assert refused.value.why == "used"


def test_of_many_browsers_with_one_link_exactly_one_comes_in(store: Store):
    token = renew_links(store, T0)[Role.LEADER]

    def open_() -> str:
        try:
            use_link(store, token, "127.0.0.1", T0, here=True)
        except LinkRefused as refused:
            return refused.why
        return "in"

    with ThreadPoolExecutor(8) as pool:
        outcomes = sorted(pool.map(lambda _: open_(), range(8)))
    assert outcomes == ["in"] + ["used"] * 7


def test_a_link_from_another_machine_is_refused_and_not_used_up(store: Store):
    token = renew_links(store, T0)[Role.LEADER]
    with pytest.raises(LinkRefused) as refused:
        use_link(store, token, "10.0.0.9", T0, here=False)
    assert refused.value.why == "not_here"
    assert use_link(store, token, "127.0.0.1", T0, here=True).visit.roles == {Role.LEADER}


def test_a_link_expires_after_twelve_hours(store: Store):
    token = renew_links(store, T0)[Role.LEADER]
    with pytest.raises(LinkRefused) as refused:
        use_link(store, token, "127.0.0.1", T0 + 12 * HOUR, here=True)
    assert refused.value.why == "expired"


def test_a_new_start_withdraws_the_unused_links_of_the_one_before(store: Store):
    old, new = renew_links(store, T0)[Role.LEADER], renew_links(store, T0 + 1)[Role.LEADER]
    with pytest.raises(LinkRefused) as refused:
        use_link(store, old, "127.0.0.1", T0 + 2, here=True)
    assert refused.value.why == "withdrawn"
    use_link(store, new, "127.0.0.1", T0 + 2, here=True)


def test_one_more_link_leaves_the_others_valid(store: Store):
    first = renew_links(store, T0)[Role.WALL]
    second = add_link(store, Role.WALL, T0)
    use_link(store, first, "127.0.0.1", T0, here=True)
    use_link(store, second, "127.0.0.1", T0, here=True)


def test_an_invented_link_is_refused(store: Store):
    with pytest.raises(LinkRefused) as refused:
        use_link(store, "A" * 43, "127.0.0.1", T0, here=True)
    assert refused.value.why == "unknown"


def test_the_table_of_links_holds_no_token(store: Store):
    tokens = renew_links(store, T0)
    with store.read() as unit:
        assert set(unit.scalars(select(OneTimeLinkRow.digest))).isdisjoint(tokens.values())
        assert unit.scalar(select(func.count()).select_from(OneTimeLinkRow)) == 7


def test_a_closed_role_gets_no_link_at_the_next_start(store: Store):
    renew_links(store, T0)
    disable_person(store, "leader", T0)
    assert set(renew_links(store, T0 + 1)) == set(Role) - {Role.LEADER}


def test_the_accounts_of_the_links_have_no_password(store: Store):
    renew_links(store, T0)
    assert sign_in(store, "leader", "leader", "", T0) == Refused("wrong", left=4)
    assert sign_in(store, "leader", "", "", T0) == Refused("wrong", left=3)
