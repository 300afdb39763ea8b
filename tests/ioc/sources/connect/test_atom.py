"""Feeds in Atom and RSS give their entries; links are found by type and made absolute."""

from __future__ import annotations

import pytest

from ioc.sources.connect.atom import entries
from ioc.sources.connect.cap import CapError
from ioc.sources.connect.cap_xml import document, from_element, write
from tests.ioc.sources.connect.test_cap import FULL

ALERT = write(FULL).decode().partition("?>")[2]
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><id>f</id>
<entry><id>urn:1</id><updated>2026-09-07T19:30:00+08:00</updated>
  <link href="page/1.html" type="text/html"/><link rel="alternate" href="cap/1.xml" type="application/cap+xml"/></entry>
<entry><id>urn:2</id><updated>u</updated><content type="text/xml">%s</content></entry>
<entry><id>urn:3</id><updated>u</updated><link href="only.html" type="text/html"/></entry>
<entry><updated>u</updated><link href="https://other.example/4"/></entry>
</feed>"""


def test_entries_of_an_atom_feed_lead_to_messages_or_carry_them() -> None:
    found = entries(document((ATOM % ALERT).encode()), "https://met.example/feeds/all.atom")
    assert [(one.id, one.link, one.alert is not None) for one in found] == [
        ("urn:1", "https://met.example/feeds/cap/1.xml", False),
        ("urn:2", "", True),
        ("https://other.example/4", "https://other.example/4", False),
    ]
    assert found[0].updated == "2026-09-07T19:30:00+08:00"
    assert found[1].alert is not None
    assert from_element(found[1].alert) == FULL


def test_items_of_an_rss_feed() -> None:
    rss = b"""<rss version="2.0"><channel><title>t</title><link>https://met.example</link>
    <item><guid>g1</guid><pubDate>p</pubDate><link>/cap/1.xml</link></item><item><title>no link</title></item>
    </channel></rss>"""
    assert [(one.id, one.updated, one.link) for one in entries(document(rss), "https://met.example/rss")] == [
        ("g1", "p", "https://met.example/cap/1.xml")
    ]


def test_a_message_by_itself_is_a_feed_of_one() -> None:
    [one] = entries(document(ALERT.encode()), "https://met.example/now.xml")
    assert one.alert is not None
    assert from_element(one.alert) == FULL


def test_another_document_is_no_feed() -> None:
    with pytest.raises(CapError, match="html"):
        entries(document(b"<html/>"), "https://met.example/")
