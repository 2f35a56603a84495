"""The address of a call is what httpx makes of the same parts by merging them."""

from __future__ import annotations

import httpx
from hypothesis import given
from hypothesis import strategies as st

from novita_infra.api.transport.settings import parsed_url

VALUES = st.one_of(st.text(), st.integers(), st.booleans())


@given(st.dictionaries(st.text(min_size=1), VALUES), st.sampled_from(["", "?", "?a=1", "?a=%20b"]))
def test_a_query_is_added_to_that_of_the_path(query: dict[str, str | int | bool], own: str) -> None:
    url, text = f"https://api.example/list{own}", str(httpx.QueryParams(query))
    wanted = httpx.URL(url).copy_merge_params(httpx.QueryParams(text)) if text else httpx.URL(url)
    assert parsed_url(url, text).raw_path == wanted.raw_path
