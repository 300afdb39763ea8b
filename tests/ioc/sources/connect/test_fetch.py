"""A document is got from allowed addresses only, within limits of time and size, and secrets stay with their origin."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from ioc.services.outward import allowed, origin
from ioc.sources.connect.fetch import Fetcher, FetchError
from tests.ioc.sources.connect.wire import Site

pytestmark = pytest.mark.service


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


def fetcher(*sites: Site, limit_s: float = 5.0, most_bytes: int = 1_000) -> Fetcher:
    return Fetcher(allowed(",".join(one.origin for one in sites)), limit_s=limit_s, most_bytes=most_bytes)


def test_a_document_is_got_with_its_question(site: Site) -> None:
    site.answers["/a?x=1"] = b"hello"
    got = fetcher(site).get(f"{site.origin}/a?x=1", "text/xml")
    assert (got.body, got.changed, got.address) == (b"hello", True, f"{site.origin}/a?x=1")
    headers = site.heard[0][1]
    assert (headers["Accept"], headers["Host"]) == ("text/xml", site.origin.removeprefix("http://"))


def test_what_has_not_changed_is_not_sent_again(site: Site) -> None:
    site.answers["/a"] = (200, {"ETag": '"1"'}, b"hello")
    first = fetcher(site).get(f"{site.origin}/a", "*/*")
    again = fetcher(site).get(f"{site.origin}/a", "*/*", first.tag)
    assert (first.tag, again.changed, again.body) == ('"1"', False, b"")


@pytest.mark.parametrize("status", [204, 401, 404, 500])
def test_another_status_is_an_error(site: Site, status: int) -> None:
    site.answers["/a"] = (status, {}, b"")
    with pytest.raises(FetchError, match=f"HTTP {status}"):
        fetcher(site).get(f"{site.origin}/a", "*/*")


def test_a_body_that_is_too_long_is_not_read_to_its_end(site: Site) -> None:
    site.answers["/a"] = b"x" * 1_001
    with pytest.raises(FetchError, match="more than 1000 bytes"):
        fetcher(site).get(f"{site.origin}/a", "*/*")
    site.answers["/a"] = b"x" * 1_000
    assert len(fetcher(site).get(f"{site.origin}/a", "*/*").body) == 1_000


def test_a_body_that_breaks_off_is_no_document(site: Site) -> None:
    site.answers["/a"] = (200, {"Content-Length": "9", "Connection": "close"}, b"hello")
    with pytest.raises(FetchError, match="broke off after 5 bytes"):
        fetcher(site).get(f"{site.origin}/a", "*/*")


def test_a_compressed_body_is_refused(site: Site) -> None:
    site.answers["/a"] = (200, {"Content-Encoding": "gzip"}, b"\x1f\x8b")
    with pytest.raises(FetchError, match="compressed"):
        fetcher(site).get(f"{site.origin}/a", "*/*")


def test_redirects_are_followed_a_few_times_and_only_to_where_it_is_allowed(site: Site) -> None:
    site.answers["/a"] = (302, {"Location": "/b"}, b"")
    site.answers["/b"] = b"there"
    assert fetcher(site).get(f"{site.origin}/a", "*/*").address == f"{site.origin}/b"
    site.answers["/round"] = (301, {"Location": "/round"}, b"")
    with pytest.raises(FetchError, match="redirected more than 3 times"):
        fetcher(site).get(f"{site.origin}/round", "*/*")
    for inward in ("http://169.254.169.254/latest/meta-data", "http://127.0.0.1:1/", "file:///etc/passwd"):
        site.answers["/c"] = (302, {"Location": inward}, b"")
        with pytest.raises(FetchError, match=r"allow-list|no address"):
            fetcher(site).get(f"{site.origin}/c", "*/*")


def test_a_secret_does_not_follow_a_redirect_to_another_origin(site: Site) -> None:
    other = Site()
    try:
        other.answers["/b"] = b"there"
        site.answers["/a"] = (302, {"Location": f"{other.origin}/b"}, b"")
        whole = Fetcher(fetcher(site, other).allowed, {origin(site.origin): {"Authorization": "Bearer s3cret"}})
        assert whole.get(f"{site.origin}/a", "*/*").body == b"there"
        assert site.heard[0][1]["Authorization"] == "Bearer s3cret"
        assert "Authorization" not in other.heard[0][1]
    finally:
        other.close()


def test_a_name_is_resolved_once_and_that_address_is_connected_to(site: Site) -> None:
    site.answers["/a"] = b"here"
    port = site.origin.rpartition(":")[2]
    asked: list[str] = []

    def resolve(host: str, _: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    inner = Fetcher(allowed(f"http://met.example:{port}, 127.0.0.0/8"), resolve=resolve)
    assert inner.get(f"http://met.example:{port}/a", "*/*").body == b"here"
    assert asked == ["met.example"]
    assert site.heard[0][1]["Host"] == f"met.example:{port}"
    outer = Fetcher(allowed(f"http://met.example:{port}"), resolve=lambda *_: ["127.0.0.1"])
    with pytest.raises(FetchError, match="forbidden address"):
        outer.get(f"http://met.example:{port}/a", "*/*")


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n"])
def test_a_server_that_dribbles_is_cut_off(said: bytes) -> None:
    """Each byte comes in time, the whole does not."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        done = threading.Event()

        def dribble() -> None:
            taken, _ = listener.accept()
            with taken:
                try:
                    taken.sendall(said)
                    while not done.wait(0.02):
                        taken.sendall(b"x")
                except OSError:
                    pass

        server = threading.Thread(target=dribble)
        server.start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(FetchError, match="in time"):
            Fetcher(allowed(address), limit_s=0.3).get(address, "*/*")
        done.set()
        server.join()


def test_nobody_there_and_no_such_name() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with pytest.raises(FetchError, match="refused"):
        Fetcher(allowed(address)).get(address, "*/*")

    def unknown(*_: object) -> list[str]:
        raise socket.gaierror

    with pytest.raises(FetchError, match="no such name"):
        Fetcher(allowed("http://met.example"), resolve=unknown).get("http://met.example/?key=1", "*/*")
