"""Notifications of a project."""
