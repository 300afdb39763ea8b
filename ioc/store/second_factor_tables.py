"""The tables of the second factor: its secret by person, and sign-ins that are half way in."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ioc.store.tables import Table


class SecondFactorRow(Table):
    """The time codes of a person. `confirmed_ms` is null until a first code fitted; `last_step` was used last.

    `recovery` is JSON: digests of the recovery codes that are left.
    """

    __tablename__ = "second_factor"

    person_id: Mapped[str] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    secret: Mapped[str] = mapped_column(Text)  # sealed
    made_ms: Mapped[int] = mapped_column(BigInteger)
    confirmed_ms: Mapped[int | None] = mapped_column(BigInteger)
    last_step: Mapped[int] = mapped_column(Integer, default=0)
    recovery: Mapped[str] = mapped_column(Text, default="[]")


class SignInStepRow(Table):
    """Somebody whose password fitted and who owes something more. `digest` is the SHA-256 of the token of the form."""

    __tablename__ = "sign_in_step"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    password_set_ms: Mapped[int | None] = mapped_column(BigInteger)  # of the password that fitted
    proved: Mapped[bool] = mapped_column(Boolean)  # a code fitted
    expires_ms: Mapped[int] = mapped_column(BigInteger)
