"""Imports of many objects at once."""
