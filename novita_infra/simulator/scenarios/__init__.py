"""Scenarios: descriptions of what goes wrong in a world, as values."""
