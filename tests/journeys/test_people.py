"""Who comes in: a link works once, a role opens its own pages, a stranger opens none."""

from __future__ import annotations

import subprocess
import sys

import pytest
from playwright.sync_api import Browser, expect

from tests.centre import ROOT, Centre
from tests.conftest import wait_until

pytestmark = pytest.mark.journey


def test_a_stranger_is_sent_to_sign_in(centre: Centre, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(f"{centre.url}/wall/traffic")
    assert "/sign-in" in page.url
    assert page.request.get(f"{centre.url}/_dash-layout").status == 401
    page.close()


def test_a_link_signs_in_once_and_then_says_that_it_is_used(centre: Centre, browser: Browser) -> None:
    link = centre.links()["leader"]
    first = browser.new_context()
    page = first.new_page()
    page.goto(link)
    assert page.url.rstrip("/") == centre.url
    second = browser.new_context()
    other = second.new_page()
    answer = other.goto(link)
    assert answer is not None
    assert answer.status == 410
    assert "失效" in other.inner_text("body")
    first.close()
    second.close()


def test_an_auditor_may_not_open_the_wall(centre: Centre, browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(centre.links()["auditor"])
    answer = page.goto(f"{centre.url}/wall/traffic")
    assert answer is not None
    assert answer.status == 403
    context.close()


def test_a_person_who_is_disabled_loses_the_open_wall_within_seconds(centre: Centre, browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(centre.links()["duty"])
    page.goto(f"{centre.url}/wall/traffic")
    expect(page.locator("html[data-path='ok']")).to_be_attached(timeout=10_000)
    subprocess.run(
        [sys.executable, "-m", "ioc.entrypoints.cli", "user", "disable", "duty"],
        env=centre.environment, cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    wait_until(lambda: page.request.get(f"{centre.url}/_dash-layout").status == 401, "requests are refused", 5)
    # the socket is closed, so that the wall is lost, and the page soon asks who is there
    expect(page.locator("html[data-path='lost'], form.sign-in").first).to_be_attached(timeout=5_000)
    page.wait_for_url("**/sign-in**", timeout=10_000)
    context.close()
