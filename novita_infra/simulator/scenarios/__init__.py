"""Scenarios: days on which things go wrong, as values."""
