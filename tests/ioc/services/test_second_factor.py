"""The second factor: owed by role, enrolled on the way in, each code once, recovery codes for lost telephones."""

from __future__ import annotations

import pyotp
import pytest
from argon2 import PasswordHasher
from cryptography.fernet import Fernet
from sqlalchemy import text

from ioc.security import identity, second_factor
from ioc.security.role import Role
from ioc.security.seal import Seal
from ioc.services import people
from ioc.services import second_factor as factors
from ioc.services.sign_in import Refused, SignedIn, Step, go_on, prove, sign_in
from ioc.store.unit import Store

T0 = 1_790_000_000_000
GOOD = "Sunny-Day-42"
HALF_MINUTE = 30_000


@pytest.fixture(autouse=True)
def light(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a password weighs is tried elsewhere."""
    monkeypatch.setattr(identity, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def code(secret: str, now_ms: int) -> str:
    return pyotp.TOTP(secret).at(now_ms / 1000)


@pytest.fixture
def zhang(store: Store) -> Store:
    people.add_person(store, "zhang", [Role.DUTY], GOOD, T0)
    return store


def come(store: Store, now_ms: int, **given):
    return sign_in(store, "zhang", GOOD, "10.0.0.1", now_ms, **given)


def enrolled(store: Store) -> tuple[str, list[str]]:
    step = come(store, T0, factor_for={Role.DUTY})
    assert isinstance(step, Step)
    inside = go_on(store, step.token, code(step.secret, T0), "10.0.0.1", T0, factor_for={Role.DUTY})
    assert isinstance(inside, SignedIn)
    return step.secret, list(inside.recovery)


def test_a_code_is_that_of_rfc_6238():
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert second_factor.step_of(secret, "287082", 59_000) == 1
    assert second_factor.step_of(secret, "081804", 1_111_111_109_000) == 37_037_036
    assert second_factor.step_of(secret, "081804", 1_111_111_109_000, after=37_037_036) is None
    assert second_factor.step_of(secret, "81804", 1_111_111_109_000) is None


def test_the_picture_is_drawn_here_and_holds_no_script():
    drawn = second_factor.picture("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "zhang")
    assert drawn.startswith("<svg") and "script" not in drawn and "href" not in drawn  # noqa: PT018


def test_who_has_no_role_that_takes_it_comes_in_by_password_alone(zhang: Store):
    assert isinstance(come(zhang, T0), SignedIn)
    assert isinstance(come(zhang, T0, factor_for={Role.AUDITOR}), SignedIn)


def test_a_role_that_takes_it_is_enrolled_on_the_way_in_with_recovery_codes_told_once(zhang: Store):
    _, recovery = enrolled(zhang)
    assert len(set(recovery)) == 8
    step = come(zhang, T0 + HALF_MINUTE * 4)
    assert isinstance(step, Step)
    assert (step.owes, step.secret) == ("code", "")


def test_a_code_opens_once_and_another_one_after_it(zhang: Store):
    secret, _ = enrolled(zhang)
    later = T0 + HALF_MINUTE * 4
    for wanted in (SignedIn, Step):
        step = come(zhang, later)
        assert isinstance(go_on(zhang, step.token, code(secret, later), "a", later), wanted)
    step = come(zhang, later + HALF_MINUTE)
    assert isinstance(go_on(zhang, step.token, code(secret, later + HALF_MINUTE), "a", later + HALF_MINUTE), SignedIn)


def test_a_recovery_code_opens_once(zhang: Store):
    _, recovery = enrolled(zhang)
    for wanted in (SignedIn, Step):
        step = come(zhang, T0 + 9)
        assert isinstance(go_on(zhang, step.token, recovery[0].lower(), "a", T0 + 9), wanted)


def test_five_wrong_codes_lock_the_account_as_wrong_passwords_do(zhang: Store):
    enrolled(zhang)
    step = come(zhang, T0 + 9)
    for _ in range(5):
        assert isinstance(go_on(zhang, step.token, "000000", "a", T0 + 9), Step)
    outcome = go_on(zhang, step.token, "000000", "a", T0 + 9)
    assert isinstance(outcome, Refused) and outcome.why == "locked"  # noqa: PT018
    assert isinstance(come(zhang, T0 + 10), Refused)


def test_a_password_alone_opens_nothing_within_the_step_and_the_step_ends(zhang: Store):
    enrolled(zhang)
    step = come(zhang, T0 + 9)
    over = go_on(zhang, step.token, "", "a", T0 + 9 + 5 * 60_000)
    assert isinstance(over, Refused) and over.why == "step_over"  # noqa: PT018
    assert isinstance(go_on(zhang, "made-up", "", "a", T0), Refused)


def test_a_secret_that_somebody_else_set_is_changed_before_anything_else(zhang: Store):
    people.set_password(zhang, "zhang", "Rainy-Night-43", T0, temporary=True)
    step = sign_in(zhang, "zhang", "Rainy-Night-43", "a", T0)
    assert isinstance(step, Step) and step.owes == "change"  # noqa: PT018
    for bad in ("Rainy-Night-43", "short"):
        again = go_on(zhang, step.token, bad, "a", T0)
        assert isinstance(again, Step) and again.faults  # noqa: PT018
    assert isinstance(go_on(zhang, step.token, "Clear-Sky-44", "a", T0 + 1), SignedIn)
    assert isinstance(sign_in(zhang, "zhang", "Clear-Sky-44", "a", T0 + 2), SignedIn)


def test_a_lost_telephone_is_taken_off_and_the_sessions_end(zhang: Store):
    enrolled(zhang)
    assert len(factors.reset(zhang, "zhang", T0 + 5)) == 1
    assert isinstance(come(zhang, T0 + 6), SignedIn)


def test_the_command_line_proves_an_account_without_leaving_a_session(zhang: Store):
    secret, _ = enrolled(zhang)
    later = T0 + HALF_MINUTE * 4
    assert prove(zhang, "Zhang", GOOD, code(secret, later), "console", later) == "zhang"
    assert prove(zhang, "zhang", GOOD, "000000", "console", later) is None
    assert prove(zhang, "zhang", "wrong", "", "console", later) is None


def kept(store: Store) -> str:
    with store.read() as unit:
        return str(unit.scalar(text("SELECT secret FROM second_factor")))


def test_the_database_tells_no_secret_and_what_was_plain_before_is_sealed_once(zhang: Store):
    secret, _ = enrolled(zhang)
    assert secret not in kept(zhang)
    with zhang.write() as unit:
        unit.execute(text("UPDATE second_factor SET secret = :plain"), {"plain": secret})
    assert (factors.seal_all(zhang), factors.seal_all(zhang)) == (1, 0)
    assert secret not in kept(zhang)
    later = T0 + HALF_MINUTE * 4
    assert prove(zhang, "zhang", GOOD, code(secret, later), "console", later) == "zhang"


def test_with_another_key_codes_fit_no_more_and_recovery_codes_do(zhang: Store):
    secret, recovery = enrolled(zhang)
    zhang.seal = Seal([Fernet.generate_key().decode()])
    later = T0 + HALF_MINUTE * 4
    assert prove(zhang, "zhang", GOOD, code(secret, later), "console", later) is None
    assert prove(zhang, "zhang", GOOD, recovery[0], "console", later) == "zhang"


def test_an_enrolment_that_was_sealed_with_a_lost_key_begins_anew(zhang: Store):
    step = come(zhang, T0, factor_for={Role.DUTY})
    assert isinstance(step, Step)
    zhang.seal = Seal([Fernet.generate_key().decode()])
    again = come(zhang, T0 + 1, factor_for={Role.DUTY})
    assert isinstance(again, Step)
    assert again.secret not in {"", step.secret}
    assert isinstance(go_on(zhang, again.token, code(again.secret, T0 + 1), "a", T0 + 1), SignedIn)
