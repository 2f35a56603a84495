"""The command `files` and its own commands."""
