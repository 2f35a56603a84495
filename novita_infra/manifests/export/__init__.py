"""Writes manifests for objects that exist already."""
