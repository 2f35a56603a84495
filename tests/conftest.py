"""What the whole suite has in common."""

from __future__ import annotations

from hypothesis import settings

from novita_infra.encoding import digests

# The suite is the same on every run and on a busy machine; `make soak` is where luck is tried.
settings.register_profile("suite", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("suite")

digests.COST = 1  # thousands of made-up secrets; the cost stands in each state, so other processes read them
