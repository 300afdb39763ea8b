"""The second factor: codes of RFC 6238 (six digits, half a minute, SHA-1 as telephones have it), recovery codes."""

from __future__ import annotations

import hmac
import io
import secrets
from typing import Final

import pyotp
import segno

STEP_MS: Final = 30_000
DRIFT: Final = 1  # steps that a telephone's clock may be off either way
RECOVERY: Final = 8
ISSUER: Final = "Luohu IOC"
_ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # nothing that looks like something else


def new_secret() -> str:
    """160 random bits in base 32."""
    return pyotp.random_base32(32)


def step_of(secret: str, code: str, now_ms: int, *, after: int = 0) -> int | None:
    """The step whose code this is, or None; a step up to `after` was used already and counts no more."""
    if not (len(code) == 6 and code.isascii() and code.isdigit()):
        return None
    counter, now = pyotp.HOTP(secret), now_ms // STEP_MS
    fits = [step for step in range(now - DRIFT, now + DRIFT + 1) if hmac.compare_digest(counter.at(step), code)]
    return next((step for step in fits if step > after), None)


def recovery_codes() -> list[str]:
    """RECOVERY codes for when the telephone is lost; each opens once."""
    made = ("".join(secrets.choice(_ALPHABET) for _ in range(10)) for _ in range(RECOVERY))
    return [f"{code[:5]}-{code[5:]}" for code in made]


def tidied(code: str) -> str:
    """A code as it is compared: without blanks, in capitals."""
    return "".join(code.split()).upper()[:16]


def address(secret: str, name: str) -> str:
    """What a telephone reads from the picture."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER)


def picture(secret: str, name: str) -> str:
    """The address as a QR code: an SVG element, drawn here; the secret goes to nobody else."""
    drawn = io.BytesIO()
    segno.make(address(secret, name), error="m").save(
        drawn, kind="svg", scale=4, border=4, dark="#000", light="#fff", xmldecl=False, svgns=True, omitsize=False
    )
    return drawn.getvalue().decode()
