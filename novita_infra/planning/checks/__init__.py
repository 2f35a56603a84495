"""Checks of a plan: safety, conditions, placement, stock, duplicates."""
