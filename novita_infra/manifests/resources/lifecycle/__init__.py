"""Reads the `lifecycle` of a resource."""
