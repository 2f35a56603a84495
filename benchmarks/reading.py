"""Times loading a project of small instance manifests: reading, validating and declaring, without a cloud.

`python benchmarks/reading.py [COUNT ...]` prints one line for each count; by default 1,000 and 10,000. The larger one
should stay under 3 s on two cores, and cost about ten times the smaller one.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from novita_infra.manifests.project.loading import load
from novita_infra.manifests.yaml.parsing import read

MANIFEST = """\
---
apiVersion: novita-infra/v1
kind: Instance
metadata:
  name: worker-{number}
  labels: {{team: research}}
spec:
  product: {{gpu: RTX 4090}}
  gpuCount: 1
  image: pytorch/pytorch:2.4.0-cuda12.1-cudnn9-devel
  rootDiskGb: 60
  ports: ["8888/http", "22/tcp"]
  env:
    MODE: train
    SHARD: "{number}"
  power: running
"""


def main(counts: list[int]) -> None:
    """Measures each count once warmed up, and says it in a table."""
    print(f"{'manifests':>10} {'read s':>8} {'load s':>8} {'each us':>8} {'peak MB':>8}")
    for count in counts:
        with tempfile.TemporaryDirectory() as folder:
            text = "".join(MANIFEST.format(number=number) for number in range(count))
            Path(folder, "fleet.yaml").write_text(text, encoding="utf-8")
            reading = min(_timed(partial(read, text.encode(), "fleet.yaml")) for _ in range(3))
            loading = min(_timed(partial(load, Path(folder), environ={})) for _ in range(3))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        each = loading / count * 1e6
        print(f"{count:>10,} {reading:>8.2f} {loading:>8.2f} {each:>8.0f} {peak:>8.0f}")


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main([int(item) for item in sys.argv[1:]] or [1_000, 10_000])
