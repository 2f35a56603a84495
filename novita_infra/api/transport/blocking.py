"""Blocking connections through the proxies of the environment, as those to the API."""

from __future__ import annotations

import httpx

from novita_infra.api.transport.proxies import proxy_to
from novita_infra.api.transport.trust import tls_context


class BlockingTransport(httpx.BaseTransport):
    """Sends each request through the proxy that the environment names for its address, if any."""

    def __init__(self, *, checks_certificates: bool = True) -> None:
        self._checks_certificates = checks_certificates
        self._by_proxy: dict[str, httpx.HTTPTransport] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        proxy = proxy_to(request.url)
        address = proxy.address if proxy else ""
        if address not in self._by_proxy:
            verify = tls_context() if self._checks_certificates else httpx.create_ssl_context(verify=False)
            through = httpx.Proxy(address) if address else None
            self._by_proxy[address] = httpx.HTTPTransport(verify=verify, trust_env=False, proxy=through)
        return self._by_proxy[address].handle_request(request)

    def close(self) -> None:
        for transport in self._by_proxy.values():
            transport.close()
