from ipaddress import ip_network

import pytest

from service_kit.client_ip import client_ip, rate_limit_key

PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


def scope(peer: str | None, *forwarded: str) -> dict[str, object]:
    return {
        "client": None if peer is None else (peer, 50000),
        "headers": [(b"x-forwarded-for", value.encode()) for value in forwarded],
    }


def test_the_socket_counts_when_no_proxy_is_trusted() -> None:
    assert client_ip(scope("203.0.113.7", "198.51.100.1"), ()) == "203.0.113.7"


def test_an_untrusted_peer_cannot_claim_another_address() -> None:
    assert client_ip(scope("203.0.113.7", "198.51.100.1"), PROXIES) == "203.0.113.7"


def test_a_trusted_proxy_vouches_for_the_address_before_it() -> None:
    assert client_ip(scope("10.0.0.1", "198.51.100.1"), PROXIES) == "198.51.100.1"


def test_what_stands_left_of_the_first_untrusted_hop_is_only_claimed() -> None:
    claimed = scope("10.0.0.1", "192.0.2.66, 198.51.100.1, 10.0.0.2")

    assert client_ip(claimed, PROXIES) == "198.51.100.1"


def named(peer: str, header: str, value: str) -> dict[str, object]:
    headers = [(b"x-forwarded-for", b"192.0.2.1, 192.0.2.2"), (header.encode(), value.encode())]
    return {"client": (peer, 50000), "headers": headers}


def test_a_header_that_the_proxy_alone_sets_counts_instead_of_the_list() -> None:
    asked = named("10.0.0.1", "fly-client-ip", "198.51.100.1")
    assert client_ip(asked, PROXIES, "Fly-Client-IP") == "198.51.100.1"
    assert client_ip(asked, PROXIES, "X-Real-IP") == "10.0.0.1"  # and nothing that is claimed


def test_an_untrusted_peer_cannot_claim_one_by_another_header() -> None:
    asked = named("203.0.113.7", "x-real-ip", "198.51.100.1")
    assert client_ip(asked, PROXIES, "X-Real-IP") == "203.0.113.7"


def test_several_header_lines_are_one_list() -> None:
    assert client_ip(scope("10.0.0.1", "192.0.2.66", "198.51.100.1"), PROXIES) == "198.51.100.1"


@pytest.mark.parametrize("header", ["", "unknown", "198.51.100.1, nonsense"])
def test_a_hop_that_is_no_address_ends_the_walk(header: str) -> None:
    assert client_ip(scope("10.0.0.1", header), PROXIES) == "10.0.0.1"


def test_a_chain_of_proxies_alone_names_the_farthest() -> None:
    assert client_ip(scope("10.0.0.1", "10.0.0.3, 10.0.0.2"), PROXIES) == "10.0.0.3"


def test_an_ipv4_address_in_ipv6_clothes_is_the_ipv4_address() -> None:
    assert client_ip(scope("::ffff:203.0.113.7"), ()) == "203.0.113.7"


def test_a_scope_id_is_no_part_of_an_address() -> None:
    assert client_ip(scope("fe80::1%eth0"), ()) == "fe80::1"


@pytest.mark.parametrize("peer", [None, "unix:"])
def test_a_request_without_an_address_has_an_empty_one(peer: str | None) -> None:
    assert client_ip(scope(peer), ()) == ""


def test_the_addresses_of_one_ipv6_network_count_as_one_caller() -> None:
    assert rate_limit_key("2001:db8:1:2::1") == rate_limit_key("2001:db8:1:2:ffff::9")
    assert rate_limit_key("2001:db8:1:2::1") != rate_limit_key("2001:db8:1:3::1")
    assert rate_limit_key("203.0.113.7") == "203.0.113.7"
