"""Seal: what must be read again is kept so that the database alone does not tell it.

Fernet (AES-128-CBC with HMAC-SHA-256) of the library cryptography. The first key closes, each of them opens.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

MARK: Final = "sealed:"  # what was kept before there were seals has none


class Unreadable(ValueError):
    """It was closed with another key, or is damaged."""


class NoKey(RuntimeError):
    """There is nothing to close it with: this process was given neither keys nor a file for one."""


class Seal:
    """Closes and opens short texts. Without `keys` one is drawn once into `file`, which nobody but us may read."""

    def __init__(self, keys: Sequence[str] = (), file: Path | None = None) -> None:
        self._keys, self._file = tuple(keys), file

    def close(self, text: str) -> str:
        """Raises NoKey, OSError."""
        if not self._keys and self._file is not None:
            _draw(self._file)
        return MARK + self._fernet().encrypt(text.encode()).decode()

    def open(self, kept: str) -> str:
        """What was closed; what was kept before there were seals, as it is. Raises Unreadable."""
        if not kept.startswith(MARK):
            return kept
        try:
            return self._fernet().decrypt(kept.removeprefix(MARK)).decode()
        except (InvalidToken, NoKey, OSError) as error:
            raise Unreadable("closed with another key") from error

    def _fernet(self) -> MultiFernet:
        keys = self._keys
        if not keys and self._file is not None:
            keys = tuple(self._file.read_text(encoding="ascii").split())
        if not keys:
            raise NoKey("no key to seal with")
        return MultiFernet([Fernet(key) for key in keys])


def valid_key(text: str) -> bool:
    """Whether it is a key: 32 bytes in URL-safe base 64."""
    try:
        Fernet(text)
    except ValueError:
        return False
    return True


def _draw(file: Path) -> None:
    """Another process may draw at the same moment: the first one's key holds."""
    if file.exists():
        return
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="ascii") as out:
        out.write(f"{Fernet.generate_key().decode()}\n")
        out.flush()
        os.fsync(out.fileno())
    try:
        os.link(draft, file)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
