"""What the door reads from a request: whose page sent it, by which address, in which language, from this machine?"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from flask import request

from ioc.security.provenance import from_this_machine, own_page
from ioc.settings import Settings

COOKIE = "ioc_session"
LANGUAGES = ("zh", "en")
_HOST = re.compile(r"([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:\d{1,5})?")


def host_is_valid() -> bool:
    """Whether the Host header is a plain host and port: it goes into headers that we send."""
    return _HOST.fullmatch(request.host) is not None


def over_tls(settings: Settings) -> bool:
    """Whether the browser speaks TLS, here or to a proxy before us."""
    return request.is_secure or settings.secure_cookies or settings.public_url.startswith("https:")


def here() -> bool:
    """Whether a browser on this very machine asks."""
    return from_this_machine(request.remote_addr, request.host, dict(request.headers))


def from_own_page(settings: Settings) -> bool:
    """Whether one of our own pages sent this request."""
    own = settings.origins | {f"{request.scheme}://{request.host}"}
    if over_tls(settings):
        own |= {f"https://{request.host}"}
    return own_page(request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site"), own)


def gateway_url(settings: Settings) -> str:
    """Address of the live socket as this browser reaches it: our own host name, unless the deployment names one."""
    if settings.public_gateway_url:
        return settings.public_gateway_url
    name = request.host if request.host.endswith("]") else re.sub(r":\d+$", "", request.host)
    return f"{'wss' if over_tls(settings) else 'ws'}://{name}:{settings.gateway_port}/live"


def gateway_origin(settings: Settings) -> str:
    """The gateway as a source in a content security policy."""
    parts = urlsplit(gateway_url(settings))
    return f"{parts.scheme}://{parts.netloc}"


def wants_json(path: str) -> bool:
    """Whether a script asked for this path, so that an error must be JSON and a sign-in page would be no answer."""
    if path == "/api/v1/docs":  # the one page there
        return False
    return path.startswith(("/api/", "/_", "/assets/", "/healthz", "/readyz", "/metrics")) or request.is_json


def language() -> str:
    """`zh` unless the address asks for `en`."""
    wanted = request.args.get("lang", "")
    return wanted if wanted in LANGUAGES else LANGUAGES[0]


def this_page() -> str:
    """The path with its query, to return to after signing in."""
    return request.full_path.removesuffix("?")
