"""Password rules, as a profile; `mlps3` follows GB/T 22239 level 3."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class PasswordProfile:
    """How long, how mixed and how old a password may be."""

    characters: int
    classes: int  # of lower case, upper case, digits, others
    days: int
    longest: int = 256  # hashing reads it all: more would be a way to keep the server busy
    name_from: int = 3  # account names this long must not be part of it; two letters turn up by chance


PROFILES: Mapping[str, PasswordProfile] = {"mlps3": PasswordProfile(characters=8, classes=3, days=183)}
MLPS3 = PROFILES["mlps3"]


def faults(password: str, name: str, profile: PasswordProfile = MLPS3) -> list[tuple[str, str]]:
    """What is wrong with a new password for the account `name`: (zh, en) sentences, empty when nothing is."""
    found = []
    if len(password) < profile.characters:
        found.append((f"至少 {profile.characters} 个字符", f"at least {profile.characters} characters"))
    if len(password) > profile.longest:
        found.append((f"至多 {profile.longest} 个字符", f"at most {profile.longest} characters"))
    if _classes(password) < profile.classes:
        found.append(
            (
                f"须含大写、小写、数字、其他字符中的 {profile.classes} 类",
                f"{profile.classes} of: lower case, upper case, digits, other characters",
            )
        )
    if len(name) >= profile.name_from and name.casefold() in password.casefold():
        found.append(("不得包含账号", "must not contain the account name"))
    return found


def drawn(name: str, profile: PasswordProfile = MLPS3) -> str:
    """A random first password for the account `name`, without a fault."""
    while faults(secret := secrets.token_urlsafe(max(12, profile.characters)), name, profile):
        pass
    return secret


def expired(set_ms: int | None, now_ms: int, profile: PasswordProfile = MLPS3) -> bool:
    """Whether a password set at `set_ms` must be changed; one without a date must."""
    return set_ms is None or now_ms - set_ms >= profile.days * DAY_MS


def _classes(password: str) -> int:
    kinds = {
        "lower" if sign.islower() else "upper" if sign.isupper() else "digit" if sign.isdigit() else "other"
        for sign in password
    }
    return len(kinds)
