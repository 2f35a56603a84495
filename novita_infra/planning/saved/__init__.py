"""Saved plans: the file, and whether it still fits what is live."""
