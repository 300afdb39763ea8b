"""The tables of the centre: people, programs, screens, what they may; the link library; regions. Times are ms UTC."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    false,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from ioc.security.role import ADMINISTRATORS, Role

# Named constraints, so that a later migration can refer to them on every engine.
NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def _among(roles: frozenset[Role]) -> str:
    names = ", ".join(f"'{role.value}'" for role in sorted(roles))
    return f"role IN ({names})"


class Table(DeclarativeBase):
    """Common ground of all tables."""

    metadata = MetaData(naming_convention=NAMES)


class PersonRow(Table):
    """An account. Without a password it can only be entered by a one-time link."""

    __tablename__ = "person"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)  # as typed at sign-in, lower case
    title: Mapped[str] = mapped_column(String(64))  # as shown
    password_hash: Mapped[str | None] = mapped_column(String(256))
    password_set_ms: Mapped[int | None] = mapped_column(BigInteger)
    created_ms: Mapped[int] = mapped_column(BigInteger)
    disabled_ms: Mapped[int | None] = mapped_column(BigInteger)
    # Codes by comma: what the person sees is of these with all below them; empty: of the whole district.
    regions: Mapped[str] = mapped_column(String(400), default="", server_default="")
    # a secret that somebody else knows too: whoever signs in with it sets another one first
    must_change: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())


class RoleGrantRow(Table):
    """A role that a person has now. The partial index keeps the three administrators apart, on every engine."""

    __tablename__ = "role_grant"
    __table_args__ = (
        CheckConstraint(_among(frozenset(Role)), name="role"),
        Index(
            "one_administrator_role",
            "person_id",
            unique=True,
            sqlite_where=text(_among(ADMINISTRATORS)),
            postgresql_where=text(_among(ADMINISTRATORS)),
        ),
    )

    person_id: Mapped[str] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(String(16), primary_key=True)
    granted_ms: Mapped[int] = mapped_column(BigInteger)


class SessionRow(Table):
    """A signed-in browser. `id` is the SHA-256 of the cookie, so that this table opens no door."""

    __tablename__ = "session"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    device: Mapped[bool] = mapped_column(Boolean)  # a wall: exempt from idleness
    address: Mapped[str] = mapped_column(String(64))
    created_ms: Mapped[int] = mapped_column(BigInteger)
    seen_ms: Mapped[int] = mapped_column(BigInteger)
    ended_ms: Mapped[int | None] = mapped_column(BigInteger, index=True)
    ended_why: Mapped[str | None] = mapped_column(String(16))


class OneTimeLinkRow(Table):
    """A way in for one role, once. `digest` is the SHA-256 of the token."""

    __tablename__ = "one_time_link"
    __table_args__ = (CheckConstraint(_among(frozenset(Role)), name="role"),)

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    role: Mapped[str] = mapped_column(String(16))
    created_ms: Mapped[int] = mapped_column(BigInteger)
    expires_ms: Mapped[int] = mapped_column(BigInteger)
    used_ms: Mapped[int | None] = mapped_column(BigInteger)
    withdrawn_ms: Mapped[int | None] = mapped_column(BigInteger)


class SignInAttemptRow(Table):
    """One try to sign in with a password, for the lock-out. `name` as typed (lower case), known or not."""

    __tablename__ = "sign_in_attempt"
    __table_args__ = (Index("ix_sign_in_attempt_name_at", "name", "at_ms"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    address: Mapped[str] = mapped_column(String(64))
    at_ms: Mapped[int] = mapped_column(BigInteger)
    succeeded: Mapped[bool] = mapped_column(Boolean)


class LibraryEntryRow(Table):
    """A version of an entry of the theme link library, put over what the packs ship. Rows are added, never changed.

    `body` is JSON, None when the entry is removed. `restores`: the version that an undo brought back (0: as shipped).
    """

    __tablename__ = "library_entry"
    __table_args__ = (CheckConstraint("kind IN ('capability', 'situation', 'system')", name="kind"),)

    scene: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    body: Mapped[str | None] = mapped_column(Text)
    restores: Mapped[int | None] = mapped_column(Integer)
    by_name: Mapped[str] = mapped_column(String(64))
    at_ms: Mapped[int] = mapped_column(BigInteger)


class SystemHealthRow(Table):
    """What was last found of a linked system: `seen_ms` it answered last, `dead_since_ms` it has not answered since."""

    __tablename__ = "system_health"

    scene: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    entry: Mapped[str] = mapped_column(String(512))
    state: Mapped[str] = mapped_column(String(16))
    detail: Mapped[str] = mapped_column(String(64))
    checked_ms: Mapped[int] = mapped_column(BigInteger)
    seen_ms: Mapped[int | None] = mapped_column(BigInteger)
    dead_since_ms: Mapped[int | None] = mapped_column(BigInteger)


class ApiTokenRow(Table):
    """A program that may feed or read. `digest` is the SHA-256 of the secret part of its token."""

    __tablename__ = "api_token"
    __table_args__ = (
        CheckConstraint("origin IN ('', 'real', 'recorded', 'simulated')", name="origin"),
        CheckConstraint("per_minute > 0", name="per_minute"),
    )

    id: Mapped[str] = mapped_column(String(16), primary_key=True)  # the public part of the token
    digest: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(64))
    origin: Mapped[str] = mapped_column(String(16))  # of what it feeds, empty: it feeds nothing
    per_minute: Mapped[int] = mapped_column(Integer)  # requests
    created_ms: Mapped[int] = mapped_column(BigInteger)
    expires_ms: Mapped[int] = mapped_column(BigInteger)
    used_ms: Mapped[int | None] = mapped_column(BigInteger)
    revoked_ms: Mapped[int | None] = mapped_column(BigInteger)


class ApiScopeRow(Table):
    """One thing that a token may: feed a source, read a scene, enter a world; `*` is all of them."""

    __tablename__ = "api_scope"
    __table_args__ = (CheckConstraint("kind IN ('feed', 'read', 'world')", name="kind"),)

    token_id: Mapped[str] = mapped_column(ForeignKey("api_token.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    subject: Mapped[str] = mapped_column(String(64), primary_key=True)


class RegionEditionRow(Table):
    """One change of what is known of regions: of the community table, of the numbers, or of the addresses.

    `restores`: the edition that an undo went back to (0: as shipped). `note`: why, or the file it came from.
    """

    __tablename__ = "region_edition"
    __table_args__ = (CheckConstraint("book IN ('communities', 'numbers', 'addresses')", name="book"),)

    book: Mapped[str] = mapped_column(String(16), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    restores: Mapped[int | None] = mapped_column(Integer)
    note: Mapped[str] = mapped_column(String(200))
    by_name: Mapped[str] = mapped_column(String(64))
    at_ms: Mapped[int] = mapped_column(BigInteger)


class RegionFactRow(Table):
    """What an edition said of a region: the community of a committee, or one of its numbers. Never changed.

    `body` is JSON, None where it was removed.
    """

    __tablename__ = "region_fact"
    __table_args__ = (
        ForeignKeyConstraint(["book", "number"], ["region_edition.book", "region_edition.number"]),
        CheckConstraint("fact IN ('community', 'population', 'area_km2')", name="fact"),
    )

    book: Mapped[str] = mapped_column(String(16), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    code: Mapped[str] = mapped_column(String(16), primary_key=True)
    fact: Mapped[str] = mapped_column(String(16), primary_key=True)
    body: Mapped[str | None] = mapped_column(Text)


class AddressRow(Table):
    """A block, a building, or an address as it is written, of the unified address service.

    `parent` is a block or building, or empty; `region` the narrowest region that is known; degrees are WGS-84; days
    are ISO, `valid_to` is exclusive, empty is open.
    """

    __tablename__ = "address"
    __table_args__ = (CheckConstraint("kind IN ('block', 'building', 'address')", name="kind"),)

    code: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(200))
    parent: Mapped[str] = mapped_column(String(64))
    region: Mapped[str] = mapped_column(String(16))
    lon: Mapped[float | None] = mapped_column(Float)
    lat: Mapped[float | None] = mapped_column(Float)
    valid_from: Mapped[str] = mapped_column(String(10))
    valid_to: Mapped[str] = mapped_column(String(10))
    edition: Mapped[int] = mapped_column(Integer)  # of the book `addresses`, that wrote it last


class ScreenRow(Table):
    """A wall, or a zone of one (`main.left`), and what it shows by itself: ioc.domain.screen_right.Screen.

    `rotation` is JSON, a list of [scene, seconds]; `pinned` is a scene, empty for the overview, null for none.
    """

    __tablename__ = "screen"
    __table_args__ = (CheckConstraint("width_mm > 0 AND distance_mm > 0", name="size"),)

    name: Mapped[str] = mapped_column(String(65), primary_key=True)
    zh: Mapped[str] = mapped_column(String(64))
    en: Mapped[str] = mapped_column(String(64))
    width_mm: Mapped[int] = mapped_column(Integer)
    distance_mm: Mapped[int] = mapped_column(Integer)
    rotation: Mapped[str] = mapped_column(Text)
    pinned: Mapped[str | None] = mapped_column(String(64))
    reload_at: Mapped[str] = mapped_column(String(5))


class ScreenClaimRow(Table):
    """Somebody's wish to show something: one by each right of each person on each screen. `view` is canonical JSON."""

    __tablename__ = "screen_claim"
    __table_args__ = (CheckConstraint("right_ IN (1, 2, 3)", name="right"),)

    screen: Mapped[str] = mapped_column(ForeignKey("screen.name", ondelete="CASCADE"), primary_key=True)
    right_: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    by_name: Mapped[str] = mapped_column(String(64), primary_key=True)
    title: Mapped[str] = mapped_column(String(64))
    view: Mapped[str] = mapped_column(Text)
    made_ms: Mapped[int] = mapped_column(BigInteger)
    until_ms: Mapped[int] = mapped_column(BigInteger)


class ScreenDeviceRow(Table):
    """A device on a wall: asked with a code, approved for a screen, an account of its own with the role `wall` alone.

    `digest` is the SHA-256 of its cookie; `code` is null once it was used or is over.
    """

    __tablename__ = "screen_device"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    code: Mapped[str | None] = mapped_column(String(8), unique=True)
    address: Mapped[str] = mapped_column(String(64), index=True)
    asked_ms: Mapped[int] = mapped_column(BigInteger)
    code_until_ms: Mapped[int] = mapped_column(BigInteger)
    screen: Mapped[str | None] = mapped_column(ForeignKey("screen.name", ondelete="SET NULL"))
    person_id: Mapped[str | None] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    approved_ms: Mapped[int | None] = mapped_column(BigInteger)
    approved_by: Mapped[str | None] = mapped_column(String(64))
    revoked_ms: Mapped[int | None] = mapped_column(BigInteger)
    revoked_by: Mapped[str | None] = mapped_column(String(64))
