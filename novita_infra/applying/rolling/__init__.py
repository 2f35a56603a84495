"""The turns of rollouts: which member of a fleet is taken down now."""
