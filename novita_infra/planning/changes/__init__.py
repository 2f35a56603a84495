"""Decides for each resource whether to create, update, replace or delete it, and by which calls."""
