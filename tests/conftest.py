"""What the whole suite has in common."""

from __future__ import annotations

import os

from hypothesis import settings

from novita_infra.encoding import digests

# The suite is the same on every run and on a busy machine; `make soak` is where luck is tried.
suite = settings(derandomize=True, deadline=None, print_blob=True)
settings.register_profile("suite", suite)
settings.register_profile("fast", suite, max_examples=20)  # the fast lane, see the Makefile
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))

digests.COST = 1  # thousands of made-up secrets; the cost stands in each state, so other processes read them
