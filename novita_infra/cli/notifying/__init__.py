"""Notifications of what a command did or found. They are sent after the command, and never change its exit code."""
