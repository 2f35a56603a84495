"""The catalogues of models, the API keys and their policies, and the quotas of the account."""

from __future__ import annotations

from typing import Any

import pytest

from novita_infra.simulator import PROFILES, Limits

LLM = "/openai/v1"
PAGE_FIELDS = {
    "id",
    "object",
    "created",
    "title",
    "description",
    "context_size",
    "input_token_price_per_m",
    "output_token_price_per_m",
}


@pytest.mark.parametrize("base", ["/openai/v1", "/openai", "/v3/openai"])
@pytest.mark.parametrize("profile", PROFILES)
def test_models_are_the_same_under_every_base_path(make_cloud: Any, profile: str, base: str) -> None:
    cloud = make_cloud(quirks=PROFILES[profile])
    answer = cloud.get(f"{base}/models")
    assert set(answer) == {"data"}
    assert answer == cloud.get(f"{LLM}/models")
    first = answer["data"][0]
    assert cloud.get(f"{base}/models/{first['id']}") == first
    assert cloud.get(f"{base}/models/{first['id'].replace('/', '%2F')}") == first


def test_models_have_more_fields_live_than_documented(make_cloud: Any) -> None:
    live = make_cloud().get(f"{LLM}/models")["data"][0]
    documented = make_cloud(quirks=PROFILES["documented"]).get(f"{LLM}/models")["data"][0]
    assert set(documented) == PAGE_FIELDS
    assert documented.items() <= live.items()
    assert live["pricing"]["prompt"] == {"price_per_m": 2690, "price_per_m_decimal": "0.2690"}


def test_tiered_models_have_no_flat_price(cloud: Any) -> None:
    tiered = [model for model in cloud.get(f"{LLM}/models")["data"] if model["is_tiered_billing"]]
    assert tiered
    for model in tiered:
        assert model["input_token_price_per_m"] == 0
        assert min(bracket["min_tokens"] for bracket in model["tiered_billing_configs"]) == 1


def test_listing_models_needs_no_key_and_reading_one_does(cloud: Any) -> None:
    invalid = {"Authorization": "Bearer wrong"}
    assert cloud.send("GET", f"{LLM}/models", headers=invalid).status_code == 200
    path = f"{LLM}/models/deepseek/deepseek-v3.2"
    assert cloud.refused("GET", path, headers=invalid) == (401, "FAILED_TO_AUTH")


def test_an_unknown_model_is_not_found_and_case_matters(cloud: Any) -> None:
    for key in ("none", "DeepSeek/DeepSeek-v3.2", "deepseek//deepseek-v3.2", "%00"):
        assert cloud.refused("GET", f"{LLM}/models/{key}") == (404, "MODEL_NOT_FOUND")


@pytest.mark.parametrize(
    ("path", "header", "refusal"),
    [
        (f"{LLM}/files", "Bearer wrong", (401, "FAILED_TO_AUTH")),
        (f"{LLM}/files", "", (403, "INVALID_API_KEY")),
        ("/v3/async/task-result", "Bearer wrong", (403, "INVALID_API_KEY")),
        ("/v3/model", "", (403, "INVALID_API_KEY")),
        ("/openapi/v2/user/key", "Bearer wrong", (401, "UNAUTHORIZED")),
    ],
)
def test_every_operation_family_has_its_refusal_of_a_key(cloud: Any, path: str, header: str, refusal: Any) -> None:
    assert cloud.refused("GET", path, headers={"Authorization": header}) == refusal


def test_image_models_are_filtered_and_come_in_pages(cloud: Any) -> None:
    def names(**query: Any) -> list[str]:
        return [model["name"] for model in cloud.get("/v3/model", **query)["models"]]

    every = names()
    assert names(**{"filter.types": "lora"}) == ["add_detail", "Pixel Art XL"]
    assert names(**{"filter.is_sdxl": "true", "filter.types": "checkpoint"}) == ["Stable Diffusion XL", "Juggernaut XL"]
    assert names(**{"filter.is_inpainting": "true"}) == ["DreamShaper Inpainting"]
    assert names(**{"filter.query": "photoreal"}) == ["epiCRealism"]
    assert names(**{"filter.visibility": "private"}) == []
    gathered, cursor = [], "c_0"
    while cursor:
        page = cloud.get("/v3/model", **{"pagination.limit": "4", "pagination.cursor": cursor})
        gathered += [model["name"] for model in page["models"]]
        cursor = page["pagination"]["next_cursor"]
    assert gathered == every
    assert cloud.refused("GET", "/v3/model", params={"pagination.limit": "0"}) == (400, "INVALID_REQUEST_BODY")


def test_used_api_keys_are_listed_masked(cloud: Any) -> None:
    cloud.send("GET", "/openapi/v2/user/key", headers={"Authorization": "Bearer sk_another"})
    *unused, first, second = cloud.get("/openapi/v2/user/key")["keys"]
    assert [(key["name"], key["lastUsedAt"]) for key in unused] == [("ci", 0), ("batches", 0), ("notebook", 0)]
    assert (first["maskedKey"], second["maskedKey"]) == ("sk_ano***", "sk_tes***")
    assert first["stringId"].startswith("key_")
    assert first["id"].isdecimal()
    assert "modelAccessPolicy" not in first
    answer, *_ = cloud.get("/openapi/v2/user/key", includePolicySummary="true")["keys"]
    assert answer["modelAccessPolicy"] == {"mode": "all_enabled", "allowedModelCount": 0, "excludedModelCount": 0}


def test_a_policy_limits_the_models_of_an_api_key(cloud: Any) -> None:
    key = cloud.get("/openapi/v2/user/key")["keys"][-1]
    path = f"/openapi/v2/user/key/{key['stringId']}/model-access-policy"
    allowed = "meta-llama/llama-3.1-8b-instruct"
    default = cloud.get(path)
    assert default["policy"]["source"] == {"type": "default"}
    models = [{"type": "llm", "id": allowed}] * 2
    changes = {"mode": "selected", "allowedModels": models, "excludedModels": [{"type": "llm", "id": "none"}]}
    answer = cloud.send("PUT", path, json=changes).json()
    assert answer["policy"]["allowedModels"] == [{"type": "llm", "id": allowed}]
    assert answer["policy"]["excludedModels"] == []
    assert (answer["allowedModelCount"], answer["policy"]["source"]) == (1, {"type": "private_policy"})
    assert cloud.get(path) == answer

    def ask(model: str) -> Any:
        body = {"model": model, "messages": [{"role": "user", "content": "hi"}], "max_tokens": 8}
        return cloud.send("POST", f"{LLM}/chat/completions", json=body)

    assert ask(allowed).status_code == 200
    refused = ask("deepseek/deepseek-v3.2")
    assert (refused.status_code, refused.json()["reason"]) == (403, "model_access_denied")
    assert cloud.send("PUT", path, json={"mode": "all_enabled"}).status_code == 200
    assert ask("deepseek/deepseek-v3.2").status_code == 200


def test_deleting_the_policy_of_an_api_key_restores_the_default(cloud: Any) -> None:
    key = cloud.get("/openapi/v2/user/key")["keys"][-1]
    path = f"/openapi/v2/user/key/{key['stringId']}/model-access-policy"
    default = cloud.get(path)
    for mode, names in (("selected", "allowedModels"), ("all_enabled", "excludedModels")):
        models = [{"type": "llm", "id": "deepseek/deepseek-v3.2"}]
        assert cloud.send("PUT", path, json={"mode": mode, names: models}).json() != default
        answer = cloud.send("DELETE", path)
        assert (answer.status_code, answer.json()) == (200, {})
        assert cloud.get(path) == default
    assert cloud.send("DELETE", path).json() == {}  # there is none to delete
    gone = cloud.refused("DELETE", "/openapi/v2/user/key/key_none/model-access-policy")
    assert gone == (400, "RESOURCE_NOT_FOUND")


@pytest.mark.parametrize(
    "changes",
    [
        {"mode": "selected"},
        {"mode": "selected", "allowedModels": [{"type": "llm", "id": "none"}]},
        {"mode": "selected", "allowedModels": [{"type": "llm", "id": "gryphe/mythomax-l2-13b"}]},
        {"mode": "some"},
        {"schemaVersion": 2, "mode": "all_enabled"},
    ],
)
def test_an_invalid_policy_of_an_api_key_changes_nothing(cloud: Any, changes: Any) -> None:
    key = cloud.get("/openapi/v2/user/key")["keys"][-1]
    path = f"/openapi/v2/user/key/{key['stringId']}/model-access-policy"
    assert cloud.refused("PUT", path, json=changes) == (400, "VALIDATOR_PARAM")
    assert cloud.get(path)["policy"]["source"] == {"type": "default"}
    assert cloud.refused("GET", "/openapi/v2/user/key/key_none/model-access-policy")[1] == "RESOURCE_NOT_FOUND"


@pytest.mark.parametrize(("dollars", "tier"), [(50, 0), (51, 1), (500, 2), (3_000, 3), (10_000, 4)])
def test_quotas_follow_the_top_ups(make_cloud: Any, dollars: int, tier: int) -> None:
    cloud = make_cloud(limits=Limits(balance=dollars * 100_000))
    query = {"modal": "llm", "quotaType": "RPM", "quotaObject": "DeepSeek-V3.2", "productType": "Public Endpoint"}
    answer = cloud.get("/openapi/v1/user/quota/list", **query)
    (row,) = answer["data"]
    assert answer["total"] == 1
    assert [item["tier"] for item in row["quotaItems"]] == ["T1", "T2", "T3", "T4", "T5"]
    assert row["currentQuota"] == row["quotaItems"][tier]["quota"]


def test_the_tier_falls_when_the_top_up_is_three_months_old(make_cloud: Any) -> None:
    cloud = make_cloud(limits=Limits(balance=60 * 100_000))

    def quota() -> int:
        quotas = cloud.get("/openapi/v1/user/quota/list", quotaObject="kimi", quotaType="RPM")["data"]
        return int(quotas[0]["currentQuota"])

    assert quota() == 100
    cloud.pass_(85 * 86_400)
    assert quota() == 100
    cloud.pass_(20 * 86_400)
    assert quota() == 30
