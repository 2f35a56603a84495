"""Counts what a plan costs and how long it takes."""
