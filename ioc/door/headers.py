"""Security headers: what a browser may load, run, embed and keep of our answers."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
TLS_ONLY = "max-age=31536000"  # one year; sub-domains are not ours to decide


def app_policy(script_hashes: Sequence[str], gateway: str, pictures: str = "", media: Sequence[str] = ()) -> str:
    """For Dash pages. Style attributes are set by charts and maps; scripts are ours, or known by their hash.

    `pictures`: the origin of the deployment's tile server, "" for none. `media`: those of its media server.
    """
    return "; ".join(
        [
            "default-src 'self'",
            " ".join(["script-src 'self'", *script_hashes]),
            "style-src 'self' 'unsafe-inline'",
            " ".join(["img-src 'self' data: blob:", *([pictures] if pictures else [])]),
            "font-src 'self' data:",
            " ".join(["connect-src 'self'", gateway, *media]),
            " ".join(["media-src 'self' blob:", *media]),
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ]
    )


def plain_policy(style_hash: str, *, scripted: bool = False) -> str:
    """For the plain pages (sign-in, refusals, errors): one known style sheet, no script; `scripted`: our own alone."""
    scripts = "script-src 'self'; connect-src 'self'; worker-src 'self'; " if scripted else ""
    return scripts + (
        f"default-src 'none'; style-src {style_hash}; img-src data:; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )


def secure(response: Response, policy: str, *, tls: bool) -> None:
    """Add the headers. What is not marked cacheable already may not be stored."""
    for name, value in ALWAYS.items():
        response.headers[name] = value
    response.headers["Content-Security-Policy"] = policy
    if tls:
        response.headers["Strict-Transport-Security"] = TLS_ONLY
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
