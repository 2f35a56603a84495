"""The fields of a batch. All of them are decided when it is created: the API has no call that changes one."""

from __future__ import annotations

from typing import Any, Final

from novita_infra.batches.batches import ENDPOINTS, WINDOWS
from novita_infra.kinds.field import By, Default, Field, Local, Replaces
from novita_infra.kinds.toolkit.field_keys import texts
from novita_infra.kinds.toolkit.field_schemas import TEXT
from novita_infra.model.values import Value

DIGEST: Final = "sha256"
"""The key of `input` that tells one input from another: the SHA-256 of what is uploaded."""
INPUT_FACTS: Final = frozenset({DIGEST, "bytes", "requests", "tokens", "fileId"})
"""What an input has beside what a manifest states of it."""
ERRORS: Final = ".errors"
"""What is added to the name of the results for a batch without any answer: it takes no file's place that has some."""
RESULTS_DIGEST: Final = "resultsSha256"
"""The attribute by which the file of the results is known to be what was written."""
_OTHER: Final = "another input is another batch"
_PATH: Final = {"type": "string", "minLength": 1, "maxLength": 4096}
INPUT: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "file": {**_PATH, "description": "A file of requests, one JSON object a line, with custom_id and body."},
        "data": {**_PATH, "description": "A file of rows: .csv, .jsonl, or .json with one list."},
        "rows": {
            "type": "array",
            "minItems": 1,
            "maxItems": 1000,
            "items": {"type": "object"},
            "description": "The rows themselves.",
        },
        "template": {
            "type": "object",
            "minProperties": 1,
            "description": "The body of the request of each row; `{{name}}` in a text is the value of that column.",
        },
        "customId": {
            "type": "string",
            "minLength": 1,
            "maxLength": 512,
            "description": "The custom_id of each request, such as `{{id}}`. Default: the number of the row.",
        },
    },
    "additionalProperties": False,
}
"""What the requests are made of; `_check` of the kind says what goes together."""


def agrees_on_input(declared: Value, found: Value) -> bool:
    """Whether two inputs are the same bytes. An input that nothing records is believed: that of an imported batch."""
    if not isinstance(declared, dict) or not isinstance(found, dict) or DIGEST not in found:
        return isinstance(declared, dict) and found is None
    return bool(declared.get(DIGEST) == found[DIGEST])


def _same_model(declared: Value, found: Value) -> bool:
    return found is None or declared == found


FIELDS: Final = (
    Field(
        name="model",
        schema=TEXT,
        doc="The model that answers. Default: the one that the lines of `input.file` name.",
        api="body.model of each line (guides/llm-batch-api)",
        change=Replaces("the model stands in each request of the input; another batch is created"),
        compared=_same_model,
    ),
    Field(
        name="endpoint",
        schema={"enum": list(ENDPOINTS)},
        doc="What each request calls. Default: what suits the requests.",
        api="endpoint (model-apis-llm-create-batch)",
        keys=texts("endpoint", "create"),
        change=Replaces("a batch calls one endpoint; another batch is created"),
    ),
    Field(
        name="input",
        schema=INPUT,
        doc="The requests: a JSONL `file`, or a `template` that is filled from each row of `data` or `rows`.",
        api="input_file_id (model-apis-llm-create-batch), purpose batch (model-apis-llm-upload-batch-input-file)",
        change=Replaces(_OTHER),
        required=True,
        compared=agrees_on_input,
    ),
    Field(
        name="completionWindow",
        other_names=("window",),
        schema={"enum": list(WINDOWS)},
        doc="The time after which the service ends the batch.",
        api="completion_window (model-apis-llm-create-batch)",
        keys=texts("completion_window", "create"),
        change=Replaces("the time of a batch is set when it is created"),
        absent=Default(WINDOWS[0]),
    ),
    Field(
        name="results",
        other_names=("output", "outputfile"),
        schema={"type": "string", "pattern": r"\.jsonl$", "maxLength": 4096, "examples": ["out/answers.jsonl"]},
        doc="The file, ending in .jsonl, that gets a line for each request in the end: its answer or "
        "error. Of a batch without any answer, the file with .errors after this name gets them.",
        api="output_file_id, error_file_id (model-apis-llm-retrieve-batch)",
        change=By("fetch"),
    ),
    Field(
        name="keepFiles",
        schema={"type": "boolean"},
        doc="Whether the service keeps the files of a batch that is over until they expire; it keeps inputs for 15 "
        "days, results for 30 days.",
        api="model-apis-llm-delete-file",
        change=Local(),
        absent=Default(value=True),
    ),
)
