"""Programs of others against `sim serve`: no call fails that the service would answer, and no call is forgotten."""

from __future__ import annotations

import json
import subprocess
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.sdk

DRIVERS = Path(__file__).parent / "drivers"
_NO_MEDIA = (
    "a synchronous image, audio or video operation: no page has the form of its answer, and a guess proves nothing"
)
_ONLY_OPENAI = "an operation of OpenAI that this API does not have"
NOT_SERVED = {
    "novita": {
        **dict.fromkeys(("audio *", "client.glm_*", "client.minimax_tts", "client.voice_clone"), _NO_MEDIA),
        **dict.fromkeys(("image flux", "image remove-*", "image reimagine", "image cleanup"), _NO_MEDIA),
        **dict.fromkeys(("image outpainting", "image to-prompt", "image merge-face"), _NO_MEDIA),
        **dict.fromkeys(("client.flux_schnell", "client.remove_*", "client.reimagine", "client.cleanup"), _NO_MEDIA),
        **dict.fromkeys(("client.outpainting", "client.img2prompt", "client.merge_face"), _NO_MEDIA),
    },
    "novita_sdk": {},
    "gpus": dict.fromkeys(
        ("start", "progress_update", "upload_*"), "for code inside of a worker: the service calls it, not the other way"
    ),
    "openai": {
        **dict.fromkeys(
            (
                *("admin", "audio", "beta", "containers", "content_provenance_checks", "conversations", "decisions"),
                *("evals", "fine_tuning", "images", "live", "moderations", "realtime", "safety", "skills", "uploads"),
                *("vector_stores", "videos", "webhooks", "models.delete"),
            ),
            _ONLY_OPENAI,
        ),
        **dict.fromkeys(
            (*(f"chat.completions.{verb}" for verb in ("delete", "list", "retrieve", "update")), "chat.*.messages.*"),
            "stored completions: `store` is not supported",
        ),
        **dict.fromkeys(
            (
                *(f"responses.{verb}" for verb in ("cancel", "compact", "connect", "delete", "retrieve")),
                *("responses.input_items.*", "responses.input_tokens.*"),
            ),
            "stored responses: no page describes them",
        ),
    },
}
"""By program, the calls of areas that the simulator does not serve, with the reason."""
_BARE = "the service answers the id alone (three programs saw it), and the program expects an object"
_WHOLE_TASK = "no page describes an answer to an edit, and the program expects the whole task"
DEFECTS = {
    "novita": {"storage create": ("'str' object has no attribute 'get'", _BARE)},
    "novita_sdk": {
        **dict.fromkeys(("storages.create", "async storages.create"), ("NetworkStorageModel", _BARE)),
        **dict.fromkeys(("image_prewarm.update", "async image_prewarm.update"), ("ImagePrewarmTask", _WHOLE_TASK)),
    },
    "gpus": {},
    "openai": {
        "files.wait_for_processing": (
            "Giving up on waiting",
            "files of this API have no `status`, and the program waits for one",
        ),
    },
}
"""By program, the calls that fail by their own fault: a part of the error, and the reason."""


@pytest.mark.parametrize("program", NOT_SERVED)
def test_no_call_fails_that_the_service_would_answer(program: str, python: Path, server: str) -> None:
    words = [str(python), str(DRIVERS / f"drive_{program}.py"), server]
    ended = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 0, ended.stderr[-2000:]
    report: dict[str, Any] = json.loads(ended.stdout)
    failed = {name: outcome for name, outcome in report["outcomes"].items() if outcome != "ok"}
    assert {name: text for name, text in failed.items() if name not in DEFECTS[program]} == {}
    mended = {name for name, (part, _) in DEFECTS[program].items() if part not in failed.get(name, "")}
    assert mended == set(), "these do not fail as the table says"
    forgotten = {name for name in report["offered"] if name not in report["outcomes"]}
    known = {name for name in forgotten if any(fnmatchcase(name, pattern) for pattern in NOT_SERVED[program])}
    assert sorted(forgotten - known) == [], "drive these, or say why they are not served"
    served = {pattern for pattern in NOT_SERVED[program] if not any(fnmatchcase(name, pattern) for name in forgotten)}
    assert served == set(), "these patterns fit no call"
