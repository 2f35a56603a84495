"""Answers of the LLM and generation APIs, of API keys and quotas."""

from __future__ import annotations

from typing import Final

from novita_infra.simulator.answer_schema import (
    COUNT,
    DECIMAL,
    FLAG,
    NOTHING,
    NUMBER,
    TEXT,
    WHOLE,
    Schema,
    choice,
    either,
    items,
    known,
    more,
    obj,
)
from novita_infra.simulator.profiles import Quirks

_OBJECT: Final[Schema] = {"type": "object"}


def _or_null(schema: Schema) -> Schema:
    return either(schema, NOTHING)


def _with(schema: Schema, **fields: Schema) -> Schema:
    """The same object with more fields, which are optional."""
    return {**schema, "properties": {**schema["properties"], **fields}}


_MODEL: Final = obj(
    id=TEXT,
    object=choice("model"),
    created=COUNT,
    title=TEXT,
    description=TEXT,
    context_size=COUNT,
    input_token_price_per_m=COUNT,
    output_token_price_per_m=COUNT,
)
_PRICE: Final = obj(price_per_m=COUNT, price_per_m_decimal=DECIMAL)
_PRICING: Final = obj(prompt=_PRICE, completion=_PRICE, input_cache_read=_PRICE, input_cache_write=_PRICE)
_MODEL_IN_FULL: Final = more(
    _MODEL,
    owned_by=TEXT,
    permission=NOTHING,
    root=TEXT,
    parent=TEXT,
    display_name=TEXT,
    status=WHOLE,
    model_type=known("chat", "embedding", "rerank"),
    max_output_tokens=COUNT,
    endpoints=items(TEXT),
    features=items(TEXT),
    input_modalities=items(TEXT),
    output_modalities=items(TEXT),
    tags=items(either(TEXT, WHOLE)),
    pricing=_PRICING,
    is_tiered_billing=FLAG,
    tiered_billing_configs=items(obj(min_tokens=COUNT, max_tokens=COUNT, pricing=_PRICING)),
)


def model(quirks: Quirks) -> Schema:
    """A language model: the documented fields, or all fields of live answers."""
    return _MODEL_IN_FULL if quirks.models_in_full else _MODEL


def models(quirks: Quirks) -> Schema:
    """The list of models. It has no `object` beside `data`."""
    return obj(data=items(model(quirks)))


CHECKPOINTS: Final = obj(
    models=items(
        obj(
            id=WHOLE,
            name=TEXT,
            hash_sha256=TEXT,
            sd_name=TEXT,
            type=obj(name=TEXT, display_name=TEXT),
            categories=items(TEXT),
            status=WHOLE,
            download_url=TEXT,
            download_url_ttl=COUNT,
            tags=items(TEXT),
            cover_url=TEXT,
            source=TEXT,
            base_model=TEXT,
            base_model_type=TEXT,
            sd_name_in_api=TEXT,
            is_sdxl=FLAG,
        )
    ),
    pagination=obj(next_cursor=TEXT),
)
_FILE: Final = obj(
    id={"type": "string", "pattern": "^file_"},
    object=choice("file"),
    bytes=COUNT,
    filename=TEXT,
    created_at=COUNT,
    purpose=choice("batch", "batch_output"),
)
FILE: Final = either(more(_FILE, metadata=obj(total_requests=COUNT)), more(_FILE, expires_at=COUNT))
"""Output files have an expiry, input files a number of requests."""


def files(quirks: Quirks) -> Schema:
    """A page of files. Only some profiles say whether there are more."""
    page = obj(code=TEXT, message=TEXT, data=items(FILE))
    return more(page, has_more=FLAG) if quirks.files_show_more else page


FILE_DELETED: Final = obj(id=TEXT, object=choice("file"), deleted=FLAG)
_MOMENT: Final[Schema] = {
    "type": "string",
    "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$",
}
_STATES: Final = ("VALIDATING", "PROGRESS", "COMPLETED", "FAILED", "EXPIRED", "CANCELLING", "CANCELLED")
BATCH: Final = obj(
    id={"type": "string", "pattern": "^batch_"},
    object=choice("batch"),
    endpoint=TEXT,
    input_file_id=TEXT,
    completion_window=TEXT,
    output_file_id=TEXT,
    error_file_id=TEXT,
    status=choice(*_STATES, *(state.lower() for state in _STATES)),
    errors=TEXT,
    created_at=_MOMENT,
    updated_at=_or_null(_MOMENT),
    in_progress_at=_or_null(_MOMENT),
    expires_at=_or_null(_MOMENT),
    finalizing_at=_or_null(_MOMENT),
    completed_at=_or_null(_MOMENT),
    failed_at=_or_null(_MOMENT),
    expired_at=_or_null(_MOMENT),
    cancelling_at=_or_null(_MOMENT),
    cancelled_at=_or_null(_MOMENT),
    created_by=TEXT,
    created_by_key_id=TEXT,
    version=COUNT,
    remark=TEXT,
    total=COUNT,
    completed=COUNT,
    failed=COUNT,
    request_counts=obj(total=COUNT, completed=COUNT, failed=COUNT),
    metadata=_or_null(_OBJECT),
)
BATCHES: Final = obj(object=choice("list"), data=items(BATCH), first_id=TEXT, last_id=TEXT, has_more=FLAG)
_USAGE: Final = obj(prompt_tokens=COUNT, completion_tokens=COUNT, total_tokens=COUNT)
_ANSWER: Final = obj(id=TEXT, created=COUNT, model=TEXT, usage=_USAGE, system_fingerprint=TEXT)
_TOOL_CALL: Final = obj(id=TEXT, type=choice("function"), function=obj(name=TEXT, arguments=TEXT))
CHAT: Final = more(
    _ANSWER,
    object=choice("chat.completion"),
    choices=items(
        obj(
            index=COUNT,
            message=_with(
                obj(role=choice("assistant"), content=TEXT), reasoning_content=TEXT, tool_calls=items(_TOOL_CALL)
            ),
            finish_reason=choice("stop", "length", "tool_calls"),
        )
    ),
)
COMPLETION: Final = more(
    _ANSWER,
    object=choice("text_completion"),
    choices=items(obj(index=COUNT, text=TEXT, finish_reason=choice("stop", "length"), logprobs=NOTHING)),
)
EMBEDDINGS: Final = obj(
    object=choice("list"),
    data=items(obj(object=choice("embedding"), index=COUNT, embedding=either(items(NUMBER), TEXT))),
    model=TEXT,
    usage=obj(prompt_tokens=COUNT, total_tokens=COUNT),
)
RERANKED: Final = obj(
    id=TEXT,
    model=TEXT,
    results=items(obj(index=COUNT, relevance_score=NUMBER, document=obj(text=TEXT))),
    usage=_USAGE,
)
RESPONSE: Final = obj(
    id=TEXT,
    object=choice("response"),
    created_at=COUNT,
    status=choice("completed", "incomplete"),
    error=NOTHING,
    incomplete_details=_or_null(obj(reason=TEXT)),
    model=TEXT,
    output=items(_OBJECT),
    usage=obj(input_tokens=COUNT, output_tokens=COUNT, total_tokens=COUNT),
)
MESSAGE: Final = obj(
    id=TEXT,
    type=choice("message"),
    role=choice("assistant"),
    model=TEXT,
    content=items(obj(type=choice("text"), text=TEXT)),
    stop_reason=choice("end_turn", "max_tokens"),
    stop_sequence=NOTHING,
    usage=obj(input_tokens=COUNT, output_tokens=COUNT),
)
TASK_ID: Final = obj(task_id=TEXT)
TASK: Final = obj(
    task=obj(
        task_id=TEXT,
        status=choice("TASK_STATUS_QUEUED", "TASK_STATUS_PROCESSING", "TASK_STATUS_SUCCEED", "TASK_STATUS_FAILED"),
        reason=TEXT,
        task_type=known("TXT_TO_IMG"),
        eta=NUMBER,
        progress_percent=NUMBER,
    ),
    images=items(
        obj(
            image_url=TEXT,
            image_url_ttl=either(WHOLE, TEXT),
            image_type=choice("jpeg", "png", "webp"),
            nsfw_detection_result=_or_null(_OBJECT),
        )
    ),
    videos=items(obj(video_url=TEXT, video_url_ttl=TEXT, video_type=choice("mp4", "gif"))),
    audios=items(obj(audio_url=TEXT, audio_url_ttl=TEXT, audio_type=TEXT, audio_metadata=_OBJECT)),
    extra=_with(obj(seed=TEXT, enable_nsfw_detection=FLAG, debug_info=_OBJECT), webhook=_OBJECT),
)
QUOTAS: Final = obj(
    data=items(
        obj(
            modal=choice("llm", "image"),
            quotaObject=TEXT,
            quotaType=choice("RPM", "TPM", "IPM"),
            productType=TEXT,
            currentQuota=COUNT,
            defaultQuota=COUNT,
            adjustable=FLAG,
            quotaItems=items(obj(tier=TEXT, quota=COUNT)),
        )
    ),
    total=COUNT,
)
KEYS: Final = obj(
    keys=items(
        _with(
            obj(
                name=TEXT,
                id={"type": "string", "pattern": "^[0-9]+$"},
                stringId={"type": "string", "pattern": "^key_"},
                maskedKey=TEXT,
                memberId=TEXT,
                uuid=TEXT,
                expireTime=TEXT,
                createTime=TEXT,
                lastUsedAt=COUNT,
            ),
            modelAccessPolicy=obj(mode=TEXT, allowedModelCount=COUNT, excludedModelCount=COUNT),
        )
    )
)
_POLICY_HEAD: Final = obj(
    schemaVersion=COUNT,
    productScope=choice("model_api"),
    mode=choice("all_enabled", "selected"),
    source=obj(type=choice("default", "private_policy")),
)
_MODEL_IDS: Final = items(obj(type=choice("llm"), id=TEXT))
POLICY: Final = obj(
    stringId=TEXT,
    policy=more(_POLICY_HEAD, allowedModels=_MODEL_IDS, excludedModels=_MODEL_IDS),
    policyStatus=TEXT,
    allowedModelCount=COUNT,
    excludedModelCount=COUNT,
    updatedAt=COUNT,
    updatedBy=TEXT,
)
READ_POLICY: Final = either(POLICY, more(POLICY, policy=_POLICY_HEAD))
"""What a read answers: to a developer, the policy without its models."""
