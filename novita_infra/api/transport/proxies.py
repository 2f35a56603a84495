"""The web proxies of the environment: `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, in either case.

They are read as curl and Go read them, and checked before the first call. No message holds a password of an address.
"""

from __future__ import annotations

import os
import re
from fnmatch import fnmatchcase
from ipaddress import ip_address, ip_network
from typing import Final
from urllib.request import getproxies, getproxies_environment, proxy_bypass

import httpx

from novita_infra.api.transport.trust import Failure, tls_context, tls_failure
from novita_infra.model.diagnostics import problem
from novita_infra.model.frozen import dataclass

SOCKS_EXTRA: Final = "pip install 'novita-infra[socks]'"
_SCHEMES: Final = ("http", "https", "socks5", "socks5h")
_SCHEME: Final = re.compile("[a-z][a-z0-9]{0,9}")
_OF_THE_NETWORK: Final = re.compile("5[0-9][0-9] |Proxy Server could not connect")
"""How httpcore reports that the proxy itself did not reach the host, by HTTP and by SOCKS."""
_HOST: Final = re.compile(rb"[\w.:-]+")
_WITH_PORT: Final = re.compile(r"(?P<host>\[[^\]]*\]|[^:]*):(?P<port>\d{1,5})")


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy of the environment. Its address may hold a password."""

    variable: str
    """The name of the variable, as it is written in the environment."""
    address: str

    @property
    def place(self) -> str:
        """Host and port, for a message."""
        url = httpx.URL(self.address)
        return f"{url.host}:{url.port}" if url.port else url.host


def proxy_to(url: httpx.URL, host: str = "") -> Proxy | None:
    """The proxy for calls to an address; None if they go straight there. `host`: its name, if the address has none.

    Raises Problems for a proxy that cannot be used. A proxy that no call needs may be anything.
    """
    proxies = getproxies()
    name = next((name for name in (url.scheme, "all") if proxies.get(name, "").strip()), "")
    if not name or _bypasses(host or url.host, url.port or {"http": 80, "https": 443}[url.scheme]):
        return None
    variable = _variable(f"{name}_proxy")
    return Proxy(variable, _checked(proxies[name].strip(), variable))


def _variable(name: str) -> str:
    """The variable that gives a setting. That in lower case comes first, as in curl."""
    written = [item for item, value in os.environ.items() if item.lower() == name and value]
    return name if name in written else next(iter(written), "the system's proxy settings")


def _checked(text: str, variable: str) -> str:
    """The address of a proxy with its scheme."""
    hint = f"set {variable} to an address such as http://proxy.example.com:3128, or unset it"
    scheme, separator, _ = text.lower().partition("://")
    if separator and scheme not in _SCHEMES:
        shown = f"{scheme}://" if _SCHEME.fullmatch(scheme) else "another scheme"
        raise problem(f"{variable} names a proxy by {shown}, which is none of {', '.join(_SCHEMES)}", hint)
    address = text if separator else f"http://{text}"
    try:
        url = httpx.URL(address)
    except (httpx.InvalidURL, ValueError):
        url = httpx.URL()
    if not _HOST.fullmatch(url.raw_host) or url.query or url.fragment or url.path.strip("/"):
        raise problem(
            f"{variable} does not hold the address of a proxy",
            f"{hint}; in a name or a password, write / ? # @ : % as %2F %3F %23 %40 %3A %25",
        )
    if url.port is not None and not 0 < url.port < 65_536:
        raise problem(f"{variable} names the port {url.port}, and a port is 1 to 65535", hint)
    if url.scheme.startswith("socks"):
        try:
            import socksio  # noqa: F401, PLC0415 -- httpx uses it, if it is installed
        except ImportError:
            raise problem(
                f"{variable} names a SOCKS proxy, and the package for SOCKS is not installed",
                f"{SOCKS_EXTRA}, or {hint}",
            ) from None
    return address


def _bypasses(host: str, port: int) -> bool:
    """Whether NO_PROXY names the host."""
    host = _plain(host)
    entries = getproxies_environment().get("no")
    if entries is None:
        return bool(proxy_bypass(host))  # the settings of macOS
    return any(_names(entry.lower(), host, port) for entry in re.split(r"[\s,]+", entries) if entry)


def _names(entry: str, host: str, port: int) -> bool:
    """Whether an entry of NO_PROXY names the host: `*`, a domain, an address, a range of addresses, each with a port.

    An entry that is none of these names nothing: other programs may have a use for it.
    """
    entry = entry.rpartition("://")[2]
    if with_port := _WITH_PORT.fullmatch(entry):
        if int(with_port["port"]) != port:
            return False
        entry = with_port["host"]
    entry = _plain(entry)
    try:
        address = ip_address(host)
    except ValueError:
        domain = entry.removeprefix("*").removeprefix(".")
        return entry == "*" or (bool(domain) and (host == domain or host.endswith(f".{domain}")))
    try:
        return address in ip_network(entry, strict=False)
    except ValueError:
        return fnmatchcase(host, entry)


def _plain(host: str) -> str:
    """The host in lower case without brackets, zone and final dot."""
    return host.lower().strip("[]").partition("%")[0].rstrip(".")


class ProxyFailure(httpx.ProxyError):
    """A connection that the proxy did not make."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.summary)
        self.failure = failure


def _failure(proxy: Proxy, error: httpx.HTTPError) -> Failure:
    """What a failed connection through the proxy says. A refusal of the proxy lasts, unless it reports the network."""
    reason = str(error) or "no answer in time"
    refused = isinstance(error, httpx.ProxyError) and not _OF_THE_NETWORK.match(reason)
    login = f", with http://NAME:PASSWORD@{proxy.place} if it asks for a password" if refused else ""
    return Failure(
        f"no connection through the proxy {proxy.place}: {reason}",
        f"check {proxy.variable}{login}; NO_PROXY lists hosts to reach without a proxy",
        repeats=not refused,
    )


class ProxiedTransport(httpx.AsyncBaseTransport):
    """Connections through the proxies of the environment, and straight to the hosts of `NO_PROXY`.

    httpx reads the same variables and fails on many values that curl takes.
    """

    def __init__(self, limits: httpx.Limits) -> None:
        self._limits = limits
        self._by_proxy: dict[Proxy | None, httpx.AsyncBaseTransport] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer. Raises Problems for a proxy or certificates that cannot be used."""
        # The extension has the name of a host whose address is given.
        proxy = proxy_to(request.url, request.extensions.get("sni_hostname", ""))
        transport = self._by_proxy.get(proxy) or self._open(proxy)
        try:
            return await transport.handle_async_request(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            if proxy is None or tls_failure(error, "") is not None:
                raise
            raise ProxyFailure(_failure(proxy, error)) from error

    async def aclose(self) -> None:
        """Closes every connection."""
        for transport in self._by_proxy.values():
            await transport.aclose()

    def _open(self, proxy: Proxy | None) -> httpx.AsyncBaseTransport:
        through = httpx.Proxy(proxy.address) if proxy else None
        transport = httpx.AsyncHTTPTransport(verify=tls_context(), limits=self._limits, trust_env=False, proxy=through)
        self._by_proxy[proxy] = transport
        return transport
