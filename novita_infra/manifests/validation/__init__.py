"""Validates documents against the schemas and explains what is wrong."""
