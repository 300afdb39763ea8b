"""Where connectors may connect to: named origins, judged addresses, private networks only where they are named."""

from __future__ import annotations

import pytest

from ioc.services.outward import Refused, allowed

LIST = allowed("https://met.example, http://127.0.0.1:8080, mqtts://broker.example, https://inner.example, 10.1.0.0/16")


def address(text: str, *found: str) -> str:
    return LIST.address(text, lambda *_: list(found))[1]


def test_a_named_origin_is_reached_at_the_first_of_its_addresses() -> None:
    assert address("https://met.example/feed?x=1", "203.119.1.1", "8.8.8.8") == "203.119.1.1"
    assert LIST.address("mqtts://broker.example", lambda *_: ["8.8.8.8"])[0] == ("mqtts", "broker.example", 8883)
    assert address("http://127.0.0.1:8080/x", "127.0.0.1") == "127.0.0.1"


@pytest.mark.parametrize(
    "text",
    ["http://met.example", "https://met.example:8443", "https://MET.example.evil", "mqtt://broker.example",
     "ftp://met.example", "https://user:word@met.example", "file:///etc/passwd", "met.example", "http://127.0.0.1"],
)  # fmt: skip
def test_another_scheme_host_or_port_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        address(text, "8.8.8.8")


@pytest.mark.parametrize(
    "found",
    ["127.0.0.1", "10.2.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.100.100.200", "100.64.0.1",
     "0.0.0.0", "224.0.0.1", "::1", "fe80::1", "fd00::1", "::ffff:10.2.0.1", "::ffff:127.0.0.1", "fd00:ec2::254"],  # noqa: S104
)  # fmt: skip
def test_a_name_that_leads_inwards_is_refused_also_with_another_address_beside_it(found: str) -> None:
    with pytest.raises(Refused, match="forbidden"):
        address("https://met.example", found)
    with pytest.raises(Refused, match="forbidden"):
        address("https://met.example", "8.8.8.8", found)


def test_a_name_may_lead_into_a_private_network_that_is_named() -> None:
    assert address("https://inner.example", "10.1.2.3") == "10.1.2.3"
    with pytest.raises(Refused, match="forbidden"):
        address("https://inner.example", "10.1.2.3", "10.2.0.1")


def test_where_clouds_keep_their_secrets_is_refused_even_where_it_is_named() -> None:
    named = allowed("http://169.254.169.254, http://100.100.100.200, 169.254.0.0/16, 100.100.100.0/24")
    with pytest.raises(Refused, match="forbidden"):
        named.address("http://169.254.169.254", lambda *_: ["169.254.169.254"])
    with pytest.raises(Refused, match="forbidden"):
        named.address("http://100.100.100.200", lambda *_: ["100.100.100.200"])


@pytest.mark.parametrize("text", ["met.example", "gopher://met.example", "10.1.0.1/16", "https://"])
def test_what_is_neither_an_address_nor_a_network_is_a_wrong_list(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the settings say it in their own words
        allowed(text)
