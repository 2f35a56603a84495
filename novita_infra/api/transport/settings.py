"""The address and the key of the API, as a user sets them."""

from __future__ import annotations

import re
from functools import lru_cache

import httpx

from novita_infra.model.diagnostics import problem


def checked_url(url: str) -> str:
    """The address without a slash at its end. Raises Problems unless it is a plain http or https address."""
    hint = "NOVITA_API_URL is a scheme and a host, such as https://api.novita.ai"
    try:
        parsed = httpx.URL(url.strip())
    except httpx.InvalidURL:
        raise problem("the address of the API cannot be read", hint) from None
    is_host = re.fullmatch(rb"[\w.:-]+", parsed.raw_host) is not None
    if parsed.port is not None and not 0 < parsed.port < 65_536:
        raise problem(f"the address of the API names the port {parsed.port}, and a port is 1 to 65535", hint)
    if parsed.scheme not in {"http", "https"} or not is_host or parsed.userinfo or parsed.query or parsed.fragment:
        raise problem("the address of the API is no plain http or https address", hint)
    return str(parsed).rstrip("/")


def checked_key(key: str) -> str:
    """The key without blanks around it. Raises Problems for one that no header can carry: HTTP errors would show it."""
    key = key.strip()
    if not key:
        raise problem("there is no API key", "set NOVITA_API_KEY")
    if key[0] in "\"'" and key[-1] == key[0]:
        raise problem("the API key is in quotes", "set NOVITA_API_KEY without them")
    if key.lower().startswith("bearer "):
        raise problem('the API key begins with "Bearer "', "set NOVITA_API_KEY to the key alone")
    wrong = next((place for place, mark in enumerate(key, 1) if not "!" <= mark <= "~"), None)
    if wrong:
        raise problem(
            f"the API key holds a character that no key has, after {wrong - 1} others", "check NOVITA_API_KEY"
        )
    return key


@lru_cache(maxsize=256)
def parsed_url(url: str, query: str = "") -> httpx.URL:
    """The parsed address; most calls go to few addresses. `query` is added to what the URL has of its own.

    Without anything of its own, it is set: merging parses both once more, which is a third of a call.
    """
    if not query:
        return httpx.URL(url)
    parsed = parsed_url(url)
    return (
        parsed.copy_merge_params(httpx.QueryParams(query)) if parsed.query else parsed.copy_with(query=query.encode())
    )
