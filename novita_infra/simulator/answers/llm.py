"""Answers of the LLM and generation APIs. Fields that are only served live are left out."""

from __future__ import annotations

from typing import Final

from novita_infra.simulator.answers.words import (
    COUNT,
    FLAG,
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

_NULL: Final[Schema] = {"type": "null"}
_OBJECT: Final[Schema] = {"type": "object"}


def _or_null(schema: Schema) -> Schema:
    return either(schema, _NULL)


MODEL: Final = obj(
    id=TEXT,
    object=choice("model"),
    created=COUNT,
    title=TEXT,
    description=TEXT,
    context_size=COUNT,
    input_token_price_per_m=COUNT,
    output_token_price_per_m=COUNT,
)
MODELS: Final = obj(data=items(MODEL))
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
FILE: Final[Schema] = {
    **_FILE,
    "properties": {**_FILE["properties"], "expires_at": COUNT, "metadata": obj(total_requests=COUNT)},
}
"""Output files tell when they go, input files how many requests they hold."""
FILES: Final = obj(code=TEXT, message=TEXT, data=items(FILE))
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
_ANSWER: Final = obj(id=TEXT, created=COUNT, model=TEXT, usage=_USAGE)
CHAT: Final = more(
    _ANSWER,
    object=choice("chat.completion"),
    choices=items(
        obj(
            index=COUNT,
            message=obj(role=choice("assistant"), content=TEXT),
            finish_reason=choice("stop", "length", "tool_calls"),
        )
    ),
)
COMPLETION: Final = more(
    _ANSWER,
    object=choice("text_completion"),
    choices=items(obj(index=COUNT, text=TEXT, finish_reason=choice("stop", "length"))),
)
EMBEDDINGS: Final = obj(
    object=choice("list"),
    data=items(obj(object=choice("embedding"), index=COUNT, embedding=either(items(NUMBER), TEXT))),
    model=TEXT,
    usage=obj(prompt_tokens=COUNT, total_tokens=COUNT),
)
RERANKED: Final = obj(
    id=TEXT,
    results=items(obj(index=COUNT, relevance_score=NUMBER, document=obj(text=TEXT))),
    usage=_USAGE,
)
RESPONSE: Final = obj(
    id=TEXT, object=choice("response"), status=choice("completed", "incomplete"), model=TEXT, output=items(_OBJECT)
)
MESSAGE: Final = obj(
    id=TEXT,
    type=choice("message"),
    role=choice("assistant"),
    content=items(obj(type=choice("text"), text=TEXT)),
    stop_reason=choice("end_turn", "max_tokens"),
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
    images=items(obj(image_url=TEXT, image_url_ttl=either(WHOLE, TEXT), image_type=choice("jpeg", "png", "webp"))),
    videos=items(obj(video_url=TEXT, video_url_ttl=TEXT, video_type=choice("mp4", "gif"))),
    audios=items(obj(audio_url=TEXT, audio_url_ttl=TEXT, audio_type=TEXT, audio_metadata=_OBJECT)),
    extra=obj(seed=TEXT, enable_nsfw_detection=FLAG, debug_info=_OBJECT),
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
        )
    )
)
_MODEL_IDS: Final = items(obj(type=choice("llm"), id=TEXT))
POLICY: Final = obj(
    stringId=TEXT,
    policy=obj(
        schemaVersion=COUNT,
        productScope=choice("model_api"),
        mode=choice("all_enabled", "selected"),
        allowedModels=_MODEL_IDS,
        excludedModels=_MODEL_IDS,
        source=obj(type=choice("default", "private_policy")),
    ),
    policyStatus=TEXT,
    allowedModelCount=COUNT,
    excludedModelCount=COUNT,
    updatedAt=COUNT,
    updatedBy=TEXT,
)
