"""What browsers are told: policies, caching, compression."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re

import brotli
import pytest

from .conftest import Site

pytestmark = pytest.mark.service


def policy_of(answer) -> dict[str, list[str]]:
    parts = [part.split() for part in answer.headers["Content-Security-Policy"].split("; ")]
    return {part[0]: part[1:] for part in parts}


def digest(content: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode() + "'"


def test_the_policy_of_a_page_knows_each_inline_script_and_allows_no_other(site: Site):
    answer = site.signed_in("duty").get("/duty")
    policy = policy_of(answer)
    text = re.sub(r"<!--.*?-->", "", answer.text, flags=re.DOTALL)
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", text, re.DOTALL)
    inline = [content for attributes, content in scripts if "src=" not in attributes and "json" not in attributes]
    assert len(inline) >= 3  # the renderer, the router's title, the callback of the small application
    assert set(policy["script-src"]) == {"'self'", *map(digest, inline)}
    assert "unsafe-eval" not in answer.headers["Content-Security-Policy"]


def test_the_policy_lets_a_page_reach_its_gateway_and_nobody_frame_it(site: Site):
    policy = policy_of(site.signed_in("duty").get("/duty"))
    assert policy["connect-src"] == ["'self'", "ws://127.0.0.1:8051"]
    assert policy["frame-ancestors"] == ["'none'"]
    assert policy["object-src"] == policy["base-uri"] == ["'none'"]


def test_the_policy_of_a_plain_page_allows_its_own_style_sheet_only(site: Site):
    answer = site.anonymous().get("/sign-in")
    style = re.search(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    assert style is not None
    assert policy_of(answer)["default-src"] == ["'none'"]
    assert policy_of(answer)["style-src"] == [digest(style.group(1))]
    assert "X-Plain-Page" not in answer.headers


@pytest.mark.parametrize("path", ["/sign-in", "/healthz", "/duty", "/_dash-layout", "/nothing", "/assets/big.js"])
def test_every_answer_carries_the_security_headers(site: Site, path: str):
    for browser in (site.anonymous(), site.signed_in("duty")):
        headers = browser.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "same-origin"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["Cache-Control"]


def test_pages_and_data_are_stored_nowhere(site: Site):
    browser = site.signed_in("duty")
    assert [browser.get(path).headers["Cache-Control"] for path in ("/duty", "/_dash-layout", "/api/v1/session")] == [
        "no-store", "no-store", "no-store"
    ]  # fmt: skip


def test_a_file_whose_address_changes_with_it_is_kept_for_a_year(site: Site):
    browser = site.signed_in("duty")
    assert browser.get("/assets/big.js?m=1").headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert browser.get("/assets/big.js").headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize(
    ("accepted", "encoding", "unpack"),
    [
        ("gzip, deflate, br", "br", brotli.decompress),
        ("gzip", "gzip", gzip.decompress),
        ("br;q=0, gzip", "gzip", gzip.decompress),
    ],
)
@pytest.mark.parametrize("path", ["/assets/big.js", "/_dash-dependencies"])
def test_files_and_data_arrive_compressed_and_whole(site: Site, path: str, accepted: str, encoding: str, unpack):
    browser = site.signed_in("duty")
    plain = browser.get(path).data
    answer = browser.get(path, headers={"Accept-Encoding": accepted})
    assert answer.headers["Content-Encoding"] == encoding
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert len(answer.data) == int(answer.headers["Content-Length"]) < len(plain)
    assert unpack(answer.data) == plain


def test_a_page_arrives_compressed(site: Site):
    answer = site.signed_in("duty").get("/duty", headers={"Accept-Encoding": "br"})
    assert answer.headers["Content-Encoding"] == "br"
    assert brotli.decompress(answer.data).startswith(b"<!DOCTYPE html>")


def test_an_answer_too_small_to_gain_is_left_alone(site: Site):
    answer = site.signed_in("duty").get("/_dash-layout", headers={"Accept-Encoding": "br"})
    assert "Content-Encoding" not in answer.headers


def test_a_browser_that_has_the_file_is_told_so(site: Site):
    browser = site.signed_in("duty")
    tag = browser.get("/assets/big.js", headers={"Accept-Encoding": "br"}).headers["ETag"]
    assert tag.startswith("W/")
    assert browser.get("/assets/big.js", headers={"If-None-Match": tag}).status_code == 304


def test_a_changed_file_is_not_served_from_memory(site: Site, tmp_path):
    browser = site.signed_in("duty")
    browser.get("/assets/big.js", headers={"Accept-Encoding": "br"})
    (tmp_path / "assets" / "big.js").write_text("const other = 1;" * 200)
    answer = browser.get("/assets/big.js", headers={"Accept-Encoding": "br"})
    assert brotli.decompress(answer.data).startswith(b"const other")
