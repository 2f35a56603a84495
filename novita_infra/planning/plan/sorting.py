"""Sorts the steps of a plan. Pure."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from novita_infra.planning.plan.steps import Step


def sorted_steps(steps: Iterable[Step], after: Mapping[str, set[str]]) -> list[Step]:
    """The steps with their `after`, in an order that depends on nothing but the steps: by key where it is free.

    Empty where some of them wait for one another.
    """
    by_key = {step.key: step for step in steps}
    needed = {key: {other for other in after.get(key, ()) if other in by_key} for key in by_key}
    blocked: dict[str, list[str]] = defaultdict(list)
    for key, others in needed.items():
        for other in others:
            blocked[other].append(key)
    left = {key: len(others) for key, others in needed.items()}
    ready = [key for key, count in left.items() if count == 0]
    heapq.heapify(ready)
    ordered: list[Step] = []
    while ready:
        key = heapq.heappop(ready)
        ordered.append(replace(by_key[key], after=tuple(sorted(needed[key]))))
        for other in blocked[key]:
            left[other] -= 1
            if left[other] == 0:
                heapq.heappush(ready, other)
    return ordered if len(ordered) == len(by_key) else []
