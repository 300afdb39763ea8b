"""An approval (两人审批): what one person asks for and a different one must let happen before it does. Pure.

What runs is exactly what was asked for: its digest is kept from the asking on, with what it changes as it was then.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

EXPIRES_MS: Final = 24 * 3_600_000
MOST_PAYLOAD: Final = 4_000  # characters
MOST_REASON: Final = 200

Verdict = Literal["", "approved", "refused", "expired", "stale", "altered"]
Fault = Literal["self", "over", "expired", "stale", "altered"]


@dataclass(frozen=True, slots=True)
class Approval:
    """What is asked for. `payload` is canonical JSON; `state`: a digest of what it changes, as it was at the asking."""

    id: str
    kind: str
    payload: str
    digest: str
    state: str
    reason: str
    asked_by: str
    asked_ms: int
    expires_ms: int
    verdict: Verdict = ""
    decided_by: str = ""
    decided_ms: int | None = None

    def waits(self, now_ms: int) -> bool:
        return not self.verdict and now_ms < self.expires_ms


def payload_text(payload: Mapping[str, Any]) -> str:
    """Canonical JSON. Raises ValueError when it is too long or no JSON."""
    text = json.dumps(payload, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    if len(text) > MOST_PAYLOAD:
        raise ValueError(f"payload: longer than {MOST_PAYLOAD} characters")
    return text


def digest(kind: str, payload: str) -> str:
    """SHA-256 in hex of what is asked for."""
    return hashlib.sha256(f"{kind}\n{payload}".encode()).hexdigest()


def fault(what: Approval, by: str, state: str, now_ms: int) -> Fault | None:
    """Why `by` may not let it happen now; `state` is what it would change as it stands. None: it may happen."""
    if what.verdict:
        return "over"
    if by == what.asked_by:
        return "self"
    if now_ms >= what.expires_ms:
        return "expired"
    if digest(what.kind, what.payload) != what.digest:
        return "altered"
    return "stale" if state != what.state else None
