"""Where a request comes from: this machine, our own page; where a sign-in may lead."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioc.security.provenance import from_this_machine, own_page, safe_return

OWN = {"https://ioc.example", "http://127.0.0.1:8050"}


@pytest.mark.parametrize(
    ("peer", "host"), [("127.0.0.1", "127.0.0.1:8050"), ("127.0.0.1", "localhost:8050"), ("::1", "[::1]:8050")]
)
def test_a_browser_on_this_machine_is_known(peer: str, host: str):
    assert from_this_machine(peer, host, {})


@pytest.mark.parametrize(
    ("peer", "host", "headers"),
    [
        ("10.0.0.9", "127.0.0.1:8050", {}),  # another machine
        ("127.0.0.1", "evil.example:8050", {}),  # a domain pointed at 127.0.0.1
        ("127.0.0.1", "127.0.0.1.evil.example", {}),
        ("127.0.0.1", "127.0.0.1:8050", {"X-Forwarded-For": "10.0.0.9"}),  # a proxy on this machine
        ("127.0.0.1", "127.0.0.1:8050", {"forwarded": "for=10.0.0.9"}),
        ("127.0.0.1", "127.0.0.1:8050", {"VIA": "1.1 proxy"}),
        (None, "127.0.0.1:8050", {}),
        ("", "127.0.0.1:8050", {}),
    ],
)
def test_anything_else_is_not_this_machine(peer: str | None, host: str, headers: dict[str, str]):
    assert not from_this_machine(peer, host, headers)


@pytest.mark.parametrize(
    ("origin", "fetch_site", "expected"),
    [
        ("https://ioc.example", "same-origin", True),
        ("https://ioc.example", None, True),
        (None, "same-origin", True),
        ("https://evil.example", "cross-site", False),
        ("https://evil.example", "same-origin", False),
        ("http://ioc.example", None, False),  # another scheme is another origin
        ("https://ioc.example:444", None, False),
        ("null", None, False),
        ("", None, False),
        (None, "cross-site", False),
        (None, "same-site", False),
        (None, "none", False),
        (None, None, False),  # no browser sends a POST with neither
    ],
)
def test_only_our_own_pages_may_change_something(origin: str | None, fetch_site: str | None, expected: bool):
    assert own_page(origin, fetch_site, OWN) is expected


@pytest.mark.parametrize("path", ["/", "/wall", "/wall/traffic?world=replay&lang=en", "/region/440303"])
def test_one_returns_to_the_page_one_asked_for(path: str):
    assert safe_return(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "/\t/evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "wall",
        "",
        None,
        "/wall\r\nSet-Cookie: a=b",
        "/wall\\..\\x",
        "/sign-in?next=/",
        "/enter/abc",
        "/api/v1/session",
        "/_dash-layout",
        "/" + "a" * 3000,
    ],
)
def test_one_never_returns_elsewhere(path: str | None):
    assert safe_return(path) is None


@given(st.text(st.sampled_from("/\\:@?#.%aehtp\t\r\n \x00"), max_size=30))
def test_no_text_leads_to_another_host(text: str):
    path = safe_return(text)
    assert path is None or (path.startswith("/") and path[1:2] not in {"/", "\\"} and path.isprintable())
