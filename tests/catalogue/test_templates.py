"""Templates, as the API answers them."""

from __future__ import annotations

from typing import Any

import pytest

from novita_infra.catalogue.templates import read_template, template_in, template_pages


def test_a_template_is_read_with_its_ports_and_the_names_of_its_variables() -> None:
    found = template_in(
        {
            "template": {
                "Id": 7,
                "name": "a",
                "channel": "official",
                "image": "x",
                "rootfsSize": "60",
                "ports": [{"type": "http", "ports": [80, "81"]}, {"type": "tcp", "ports": [22]}],
                "envs": [{"key": "A", "value": "secret"}, None],
                "recommendCards": [{"gpuSpecId": "p", "cardNum": "1"}],
                "createdAt": "1790000000",
            }
        }
    )
    assert found is not None
    assert (found.id, found.root_gb, found.created) == ("7", 60, 1_790_000_000.0)
    assert (found.ports, found.env, found.recommended) == (("80/http", "81/http", "22/tcp"), ("A",), ("p",))
    assert "secret" not in repr(found)


@pytest.mark.parametrize("answer", [None, {}, [], {"template": {}}, {"template": {"name": "x"}}])
def test_an_answer_without_a_template_holds_none(answer: Any) -> None:
    assert template_in(answer) is None


def test_nothing_is_needed_of_an_answer() -> None:
    assert read_template({}).root_gb is None


@pytest.mark.parametrize(("channel", "own"), [("official", "false"), ("community", "false"), ("private", "true")])
def test_only_the_private_channel_asks_for_own_templates(channel: str, own: str) -> None:
    assert template_pages(channel).query == {"channel": channel, "isMyCommunity": own}
    assert template_pages(channel, "torch").query["name"] == "torch"
