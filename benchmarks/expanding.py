"""Times loading resources that one document makes by `forEach`, against the least that validating them costs.

`python benchmarks/expanding.py [COUNT ...]` prints one line for each count; by default 1,000 and 10,000. The floor
reads the same resources as documents of their own: the bare C loader of YAML, then the compiled validator. The ratio
should stay below 1.5: one document is parsed, and its resources share it. Times are CPU seconds.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import jsonschema_rs
import yaml

from novita_infra.kinds import KINDS
from novita_infra.manifests.project.loading import load
from novita_infra.schema.resources import schema_of

DOCUMENT = """\
---
apiVersion: novita-infra/v1
kind: Instance
metadata:
  name: worker{suffix}
  labels: {{team: research}}
{head}spec:
  product: {{gpu: RTX 4090}}
  gpuCount: 1
  image: pytorch/pytorch:2.4.0-cuda12.1-cudnn9-devel
  rootDiskGb: 60
  ports: ["8888/http", "22/tcp"]
  env:
    MODE: train
    SHARD: "{shard}"
  power: running
"""


def main(counts: list[int]) -> None:
    """Measures each count once warmed up, and says it in a table."""
    print(f"{'resources':>10} {'floor s':>8} {'load s':>8} {'ratio':>6} {'each us':>8}")
    validator = jsonschema_rs.Draft202012Validator(schema_of(KINDS["instance"]))
    for count in counts:
        apart = "".join(DOCUMENT.format(suffix=f"-{number}", head="", shard=number) for number in range(count))
        text = DOCUMENT.format(suffix="", head=f"forEach: ${{range({count})}}\n", shard="${each.key}")
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "fleet.yaml").write_text(text, encoding="utf-8")
            floor = min(_timed(partial(_least, apart, validator)) for _ in range(3))
            loading = min(_timed(partial(load, Path(folder), environ={})) for _ in range(3))
        print(f"{count:>10,} {floor:>8.2f} {loading:>8.2f} {loading / floor:>6.2f} {loading / count * 1e6:>8.0f}")


def _least(text: str, validator: jsonschema_rs.Draft202012Validator) -> None:
    """Parses and validates every document."""
    for document in yaml.load_all(text, Loader=yaml.CSafeLoader):
        assert validator.is_valid(document)


def _timed(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    main([int(item) for item in sys.argv[1:]] or [1_000, 10_000])
