"""The web proxies of the environment: `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`."""

from __future__ import annotations

import ssl
from typing import Final
from urllib.request import getproxies, proxy_bypass

import httpx

from novita_infra.model.diagnostics import problem

_SCHEMES: Final = ("http", "https")


def is_proxied() -> bool:
    """Whether the environment names a web proxy, for any host."""
    return not getproxies().keys().isdisjoint({*_SCHEMES, "all"})


def is_proxied_to(scheme: str, host: str) -> bool:
    """Whether the environment names a web proxy for that host. `NO_PROXY` may have brackets around IPv6 addresses."""
    proxies = getproxies()
    return bool(proxies.get(scheme) or proxies.get("all")) and not _bypasses(host.strip("[]"))


def _bypasses(host: str) -> bool:
    return bool(proxy_bypass(host) or (":" in host and proxy_bypass(f"[{host}]")))


class ProxiedTransport(httpx.AsyncBaseTransport):
    """Connections through the proxies of the environment, and straight to the hosts of `NO_PROXY`.

    httpx reads the same variables and fails on a `NO_PROXY` with an IPv6 address in brackets, which curl takes.
    """

    def __init__(self, tls: ssl.SSLContext, limits: httpx.Limits) -> None:
        """Raises Problems for a proxy that cannot be used."""
        self._direct = httpx.AsyncHTTPTransport(verify=tls, limits=limits, trust_env=False)
        proxies = getproxies()
        self._through = {
            scheme: _through(address, tls, limits)
            for scheme in _SCHEMES
            if (address := proxies.get(scheme) or proxies.get("all"))
        }

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        scheme = request.url.scheme
        host = request.extensions.get("sni_hostname") or request.url.host  # the name of a host whose address is given
        through = self._through.get(scheme) if is_proxied_to(scheme, host) else None
        return await (through or self._direct).handle_async_request(request)

    async def aclose(self) -> None:
        """Closes every connection."""
        for transport in (self._direct, *self._through.values()):
            await transport.aclose()


def _through(address: str, tls: ssl.SSLContext, limits: httpx.Limits) -> httpx.AsyncHTTPTransport:
    try:
        proxy = httpx.Proxy(address if "://" in address else f"http://{address}")
        return httpx.AsyncHTTPTransport(verify=tls, limits=limits, trust_env=False, proxy=proxy)
    except ImportError:  # the message would name a package of Python
        raise problem(
            "the environment names a SOCKS proxy, which novita-infra cannot use",
            "set HTTPS_PROXY to a web proxy, or unset ALL_PROXY",
        ) from None
    except (httpx.InvalidURL, ValueError):  # the address may hold a password
        raise problem(
            "the environment names a web proxy by an address that is none",
            "check HTTP_PROXY, HTTPS_PROXY and ALL_PROXY",
        ) from None
