"""Which addresses of an LMS are acceptable, when an admin types them and when we go there."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from lti_tool.settings import LOOPBACK_HOSTS, Settings


class WrongInput(ValueError):
    """Somebody typed something that can't be. The message is a sentence for them."""


@dataclass(frozen=True)
class Reach:
    """How far this tool may reach. `loopback`: it runs on this machine itself, for practice and tests.
    `private`: the setting that lets admins register an LMS on the hospital's own network."""

    loopback: bool = False
    private: bool = False

    @classmethod
    def of(cls, settings: Settings) -> Reach:
        """What the settings allow."""
        return cls(loopback=settings.loopback, private=settings.allow_private_addresses)

    def allows(self, ip: str) -> bool:
        """Whether we may talk to this IP address. Handed to `connectors.http` as its guard."""
        try:
            address = ipaddress.ip_address(ip.partition("%")[0])
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address):
            address = _inner(address)
        if address.is_unspecified or address.is_multicast or address.is_link_local:
            return False  # link-local is also where clouds keep the secrets of a machine
        if address.is_loopback:
            return self.loopback or self.private
        if address.is_reserved:
            return False
        inside = address.is_private or getattr(address, "is_site_local", False)
        return (address.is_global and not inside) or (self.private and inside)

    def check(self, url: str, what: str) -> str:
        """The address as it is stored. Raises `WrongInput`. The network is not asked: names resolve later."""
        url = url.strip()
        try:
            parts = urlsplit(url)
            host, _port = parts.hostname or "", parts.port
        except ValueError:
            raise WrongInput(f"{what} is not an address: {url[:200]}") from None
        if parts.scheme not in {"https", "http"} or not host or any(c.isspace() for c in url):
            raise WrongInput(f"{what} must be a full address such as https://moodle.hospital.example/…")
        if parts.username is not None or parts.password is not None:
            raise WrongInput(f"{what} must not hold a user name or password.")
        if parts.fragment:
            raise WrongInput(f"{what} must not hold a # part.")
        local = host in LOOPBACK_HOSTS
        if parts.scheme == "http" and not (self.private or (local and self.loopback)):
            raise WrongInput(f"{what} must begin with https://")
        if (local or _is_number(host)) and not self.allows("127.0.0.1" if local else host):
            raise WrongInput(
                f"{what} is on a private network. Set LEERKRING_ALLOW_PRIVATE_ADDRESSES=true to allow that."
            )
        if len(url) > 1000:
            raise WrongInput(f"{what} is longer than 1000 characters.")
        return url


_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_OLD = ipaddress.ip_network("::/96")


def _inner(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The IPv4 address that an IPv6 one leads to: mapped, compatible, 6to4, or by a NAT64 gateway."""
    last = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if int(address) > 1 and (address in _OLD or address in _NAT64):
        return last
    return address.ipv4_mapped or address.sixtofour or address


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
