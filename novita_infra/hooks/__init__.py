"""Runs the hooks of a project: programs of the user, which get a notice on their standard input."""
