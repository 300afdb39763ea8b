"""Identity: passwords kept as argon2id, tokens kept as their digest."""

from __future__ import annotations

import hashlib
import secrets
import threading

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

# RFC 9106, second recommendation: 64 MiB, three passes. About 60 ms on one core.
_HASHER = PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=2, type=Type.ID)
_TURNS = threading.BoundedSemaphore(2)  # 64 MiB each: sixteen threads signing in at once must not take a gigabyte
_NOBODY = _HASHER.hash(secrets.token_urlsafe(16))  # verified for unknown names, so that they take as long as known ones


def hash_password(password: str) -> str:
    """The argon2id hash in its standard text form, salt included."""
    return _HASHER.hash(password)


def verify_password(password: str, hashed: str | None) -> bool:
    """Whether the password fits; None (nobody by that name, or no password) takes the same time and is False."""
    with _TURNS:
        try:
            return _HASHER.verify(hashed or _NOBODY, password) and hashed is not None
        except (VerificationError, InvalidHashError):
            return False


def outdated(hashed: str) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return _HASHER.check_needs_rehash(hashed)


def new_token() -> str:
    """256 random bits, safe in an address and a cookie."""
    return secrets.token_urlsafe(32)


def new_id() -> str:
    """A random id for a row, 32 hex digits."""
    return secrets.token_hex(16)


def digest(token: str) -> str:
    """SHA-256 in hex: what is stored in place of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
